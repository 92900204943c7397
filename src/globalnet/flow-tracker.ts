/**
 * Makes connection tracking forget flows, with conntrack(8) where there is one.
 */
import { describeError, errorCode } from '../core/errors.ts'
import type { Logger } from '../core/log.ts'
import type { RunCommand } from './command.ts'
import { CommandError } from './nat-errors.ts'
import { STALE_FLOWS_MAX } from './nat-limits.ts'
import type { NatSource } from './nat-plan.ts'
import type { StaleFlows } from './stale-flows.ts'

export interface FlowTrackerDeps {
  readonly run: RunCommand
  readonly log: Logger
}

export class FlowTracker {
  readonly #deps: FlowTrackerDeps
  #isMissing = false

  constructor(deps: FlowTrackerDeps) {
    this.#deps = deps
  }

  /** Throws nothing: what stays, times out by itself. */
  async forget(flows: readonly StaleFlows[]): Promise<void> {
    for (const each of flows.slice(0, STALE_FLOWS_MAX)) {
      if (each.kind === 'untranslated')
        await this.#forgetListed(['-d', each.range], ({ to, answering }) => to === answering)
      else if (each.kind === 'sources')
        await this.#forgetListed(['-s', each.router], (flow) => isMisnamed(flow, each.slots))
      else await this.#conntrack(deletion(each))
    }
    const left = flows.length - STALE_FLOWS_MAX
    if (left > 0)
      this.#deps.log.info({ left }, 'too many changes at once: some flows wait for their time-out')
  }

  /** conntrack has no filter for what these are told by. */
  async #forgetListed(filter: readonly string[], isStale: (flow: Flow) => boolean): Promise<void> {
    const flows = flowsIn(await this.#conntrack(['-L', ...filter])).filter(isStale)
    for (const { protocol, from, to, sport, dport } of flows.slice(0, STALE_FLOWS_MAX)) {
      const ports = ['--orig-port-src', sport, '--orig-port-dst', dport]
      await this.#conntrack(['-D', '-p', protocol, '-s', from, '-d', to, ...ports])
    }
  }

  async #conntrack(args: readonly string[]): Promise<string> {
    if (this.#isMissing) return ''
    try {
      return await this.#deps.run(['conntrack', ...args])
    } catch (error) {
      this.#failed(error)
      return ''
    }
  }

  /** Exit code 1 says that there was no such flow. */
  #failed(error: unknown): void {
    if (error instanceof CommandError && error.exitCode === 1) return
    const { log } = this.#deps
    if (errorCode((error as Error).cause) !== 'ENOENT') {
      log.warn({ error: describeError(error) }, 'connection tracking keeps flows that lead nowhere')
      return
    }
    this.#isMissing = true
    log.info({}, 'conntrack is not installed: UDP clients of what is removed wait for their flow to time out')
  }
}

function deletion(flows: Extract<StaleFlows, { kind: 'router' | 'target' }>): string[] {
  if (flows.kind === 'router') return ['-D', '-d', flows.range, '--reply-src', flows.router]
  const { address, port, target } = flows
  const to = ['-D', '-p', 'udp', '-d', address, '--orig-port-dst', `${port}`]
  return [...to, '--reply-src', target.address, '--reply-port-src', `${target.port}`]
}

interface Flow {
  readonly protocol: string
  readonly from: string
  readonly to: string
  readonly sport: string
  readonly dport: string
  /** From where answers come, and to where. */
  readonly answering: string
  readonly answered: string
}

const FLOW = /^(tcp|udp) .*?src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+).*?src=(\S+) dst=(\S+)/

function flowsIn(listing: string): Flow[] {
  return listing.split('\n').flatMap((line) => {
    const [, protocol = '', from = '', to = '', sport = '', dport = '', answering = '', answered] =
      FLOW.exec(line) ?? []
    return answered === undefined ? [] : [{ protocol, from, to, sport, dport, answering, answered }]
  })
}

/** Answers go to another address than the slot's. Those to the router itself are of backends on other nodes. */
function isMisnamed({ from, sport, answered }: Flow, slots: readonly NatSource[]): boolean {
  const slot = slots.find(({ first, last }) => first <= Number(sport) && Number(sport) <= last)
  return slot !== undefined && answered !== slot.address && answered !== from
}
