/**
 * Looks after flows whose data connection was lost: has those this side opened resumed as soon as a connection to the
 * same process can be used, and ends what cannot be resumed. One timer for all.
 */
import type { FlowError } from '../../amqp/flow-transport.ts'
import { Backoff } from '../../core/backoff.ts'
import type { ByteBudget } from '../../core/byte-budget.ts'
import type { Cancel, Clock } from '../../core/clock.ts'
import type { Metrics } from '../../core/metrics.ts'
import { AcceptedFlow } from './accepted-flow.ts'
import type { FlowKeeping, FlowMemory, KeptFlow } from './flow-keeping.ts'
import {
  ABANDONED_MS,
  MAX_SUSPENDED_BYTES,
  MAX_SUSPENDED_FLOWS,
  RESUME_BACKOFF,
  RESUME_BATCH,
  RESUME_TURN_MS,
  RETAINED_SHARE,
  SUSPENDED_LOOK_MS,
} from './limits.ts'
import { OpenedFlow } from './opened-flow.ts'
import type { PeerProcess } from './peer-process.ts'
import { PeerProcesses } from './peer-processes.ts'
import { ABANDONED, EVICTED, EXPIRED } from './reasons.ts'
import { ResumeMetrics, type ResumeResult } from './resume-metrics.ts'
import { SuspendedFlows, type Suspension } from './suspended-flows.ts'

export interface FlowKeeperDeps {
  readonly clock: Clock
  readonly metrics: Metrics
  /** Shared by everything in the router that holds bytes of flows. */
  readonly budget: ByteBudget
  readonly random?: () => number
}

export interface FlowKeeperConfig {
  readonly maxSuspendedFlows?: number
  readonly maxSuspendedBytes?: number
  /** Milliseconds. */
  readonly abandonedAfter?: number
}

export class FlowKeeper implements FlowKeeping {
  readonly memory: FlowMemory
  readonly processes: PeerProcesses
  readonly #deps: FlowKeeperDeps
  readonly #metrics: ResumeMetrics
  readonly #suspended: SuspendedFlows
  readonly #abandonedAfter: number
  #looking: Cancel | undefined
  #waking: Cancel | undefined
  #stopped: FlowError | undefined

  constructor(deps: FlowKeeperDeps, config: FlowKeeperConfig = {}) {
    this.#deps = deps
    const { budget } = deps
    this.memory = {
      budget,
      retained: budget.use('retained'),
      maxRetained: budget.limit * RETAINED_SHARE,
      stranded: budget.use('stranded'),
    }
    const { maxSuspendedFlows = MAX_SUSPENDED_FLOWS, maxSuspendedBytes = MAX_SUSPENDED_BYTES } = config
    this.#abandonedAfter = config.abandonedAfter ?? ABANDONED_MS
    this.#suspended = new SuspendedFlows(maxSuspendedFlows, maxSuspendedBytes)
    this.#metrics = new ResumeMetrics(deps.metrics, this.#suspended, this.memory.retained)
    this.processes = new PeerProcesses(deps.clock, (process, why) => this.#endFlowsOf(process, why))
  }

  /** Flows that wait for a link. */
  get suspendedFlows(): number {
    return this.#suspended.size
  }

  /** A connection can be used that could not before. */
  wake(): void {
    if (this.#suspended.size > 0)
      this.#waking ??= this.#deps.clock.after(RESUME_TURN_MS, () => this.#attempt())
  }

  /** Ends all flows that wait, and from now on each that would have to. */
  stop(why: FlowError): void {
    this.#stopped = why
    for (const [flow] of this.#suspended.entries()) flow.giveUp(why)
    this.#rest()
  }

  /** Ends the flows that wait for a link with these clusters. */
  endAllWith(isConcerned: (cluster: string) => boolean, why: FlowError): void {
    for (const [flow] of this.#suspended.entries())
      if (isConcerned(flow.process?.cluster ?? '')) this.#end(flow, 'revoked', why)
  }

  // What flows tell

  suspended(flow: KeptFlow): void {
    const gone = this.#stopped ?? flow.process?.gone
    if (gone !== undefined) {
      this.#end(flow, 'restarted', gone)
      return
    }
    this.#suspended.add(flow, this.#deps.clock.monotonic())
    this.#looking ??= this.#deps.clock.every(SUSPENDED_LOOK_MS, () => this.#look())
    this.wake()
    this.#evict()
  }

  grown(flow: KeptFlow): void {
    this.#suspended.recount(flow)
    if (this.#suspended.surplus !== undefined) this.wake()
  }

  attemptLost(flow: KeptFlow): void {
    const suspension = this.#suspended.get(flow)
    if (suspension === undefined) return
    suspension.backoff ??= new Backoff(RESUME_BACKOFF, this.#deps.random)
    suspension.retryAt = this.#deps.clock.monotonic() + suspension.backoff.next()
  }

  attemptRefused(): void {
    this.#metrics.ended('refused')
  }

  resumed(flow: KeptFlow, retransmittedBytes: number): void {
    this.#suspended.delete(flow)
    this.#metrics.ended('resumed')
    this.#metrics.retransmittedBytes += retransmittedBytes
    this.#restIfIdle()
  }

  over(flow: KeptFlow): void {
    this.#suspended.delete(flow)
    this.#restIfIdle()
    const { process } = flow
    if (process === undefined) return
    if (flow instanceof AcceptedFlow) process.accepted.delete(flow.token)
    process.flowEnded()
    this.processes.forgetIdle(process)
  }

  // Time

  #look(): void {
    const now = this.#deps.clock.monotonic()
    for (const [flow, suspension] of this.#suspended.entries()) {
      if (suspension.expiresAt <= now) this.#end(flow, 'expired', EXPIRED)
      else if (this.#isAbandoned(flow, suspension, now)) this.#end(flow, 'abandoned', ABANDONED)
      else flow.insist()
    }
    this.wake()
  }

  #isAbandoned(flow: KeptFlow, { since }: Suspension, now: number): boolean {
    const then = now - this.#abandonedAfter
    return flow instanceof AcceptedFlow && since <= then && flow.process?.wasUsable(then) === true
  }

  #attempt(): void {
    this.#waking = undefined
    this.#evict()
    const now = this.#deps.clock.monotonic()
    let left = RESUME_BATCH
    for (const [flow, { retryAt }] of this.#suspended.entries()) {
      if (!(flow instanceof OpenedFlow && flow.wantsLeg && retryAt <= now)) continue
      const path = flow.process?.usable()
      if (path === undefined) continue
      if (left === 0) {
        this.wake()
        return
      }
      left -= 1
      flow.resume(path)
    }
  }

  #evict(): void {
    for (;;) {
      const flow = this.#suspended.surplus
      if (flow === undefined) return
      this.#end(flow, 'evicted', EVICTED)
    }
  }

  #endFlowsOf(process: PeerProcess, why: FlowError): void {
    for (const [flow] of this.#suspended.entries()) {
      if (flow.process === process) this.#end(flow, 'restarted', why)
    }
  }

  #end(flow: KeptFlow, result: ResumeResult, why: FlowError): void {
    this.#metrics.ended(result)
    flow.giveUp(why)
  }

  #restIfIdle(): void {
    if (this.#suspended.size === 0) this.#rest()
  }

  #rest(): void {
    this.#looking?.()
    this.#looking = undefined
    this.#waking?.()
    this.#waking = undefined
  }
}
