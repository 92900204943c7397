/**
 * Global addresses at the backends' end: believes what clients' clusters may claim, gives out source ports that stand for
 * the addresses, and has the agents know them before they are used.
 */
import type { FlowClient } from '../../amqp/flow-transport.ts'
import type { OwnsAddress } from '../../api/global-owner.ts'
import type { Protocol } from '../../api/objects.ts'
import type { Cancel, Clock } from '../../core/clock.ts'
import type { Startable } from '../../core/lifecycle.ts'
import type { Logger } from '../../core/log.ts'
import type { Labels, Metrics } from '../../core/metrics.ts'
import type { Snapshot } from '../../core/snapshot.ts'
import type { AnnouncedSources } from '../../link/sources.ts'
import type { SourceAgents } from '../network/source-agents.ts'
import { FlowSource, type SourcePort, type SourcePorts } from './flow-source.ts'
import { CLAIM_LOOK_MS, MAX_LOGGED_CLUSTERS, SETTLING_MS, SLOT_LOOK_MS } from './limits.ts'
import { SourceSlots, type SourceUse, type TakenPort } from './source-slots.ts'

export interface GlobalSourcesDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  readonly random?: () => number
  readonly agents: Pick<SourceAgents, 'present' | 'whenPresent' | 'whenApplied' | 'settled'>
  /** What the agents are told; written here alone. */
  readonly announced: Snapshot<AnnouncedSources>
  readonly owns: OwnsAddress
  /** Whether the cluster's claim of a block has been heard. */
  readonly hasClaim: (cluster: string) => boolean
}

export class GlobalSources implements SourcePorts, Startable {
  readonly #deps: GlobalSourcesDeps
  readonly #slots: SourceSlots
  /** By the version that is to be in force. */
  readonly #waits = new Map<number, Promise<void>>()
  readonly #countRefused: (labels?: Labels) => void
  readonly #countLate: () => void
  readonly #countFalse: () => void
  /** By cluster whose claim is waited for. */
  readonly #claims = new Map<string, Promise<void>>()
  readonly #liars = new Set<string>()
  readonly #settlingMs: number
  #looking: Cancel = () => {}
  /** Until then agents and claims may still be on their way, monotonic milliseconds. */
  #settledBy = 0

  /** `settlingMs`: how long after the start agents and claims are waited for. */
  constructor(deps: GlobalSourcesDeps, { settlingMs = SETTLING_MS } = {}) {
    this.#settlingMs = settlingMs
    const { metrics, clock, agents, random = Math.random } = deps
    this.#deps = deps
    this.#slots = new SourceSlots({
      now: () => clock.monotonic(),
      random,
      settled: (version) => agents.settled(version),
    })
    metrics.observe(
      'fairlead_router_source_slots',
      'Slots of source ports that stand for global addresses',
      () => this.#slots.size,
    )
    this.#countRefused = metrics.counter(
      'fairlead_router_source_ports_refused_total',
      'Flows refused because no source port was left that could stand for the global address of their client',
      ['reason'],
    )
    this.#countLate = metrics.counter(
      'fairlead_router_sources_late_total',
      'Announcements of source ports that some agent had not applied when flows went on',
    )
    this.#countFalse = metrics.counter(
      'fairlead_router_global_addresses_refused_total',
      "Flows whose client has a global address that is not its cluster's, and that went on without it",
    )
  }

  async start(): Promise<void> {
    this.#settledBy = this.#deps.clock.monotonic() + this.#settlingMs
    this.#looking = this.#deps.clock.every(SLOT_LOOK_MS, () => this.#giveBack())
  }

  async stop(): Promise<void> {
    this.#looking()
  }

  /** The source of a flow whose client, in `cluster`, names a global address that is believed. */
  sourceOf(cluster: string, { globalAddress }: FlowClient, protocol: Protocol): FlowSource | undefined {
    if (globalAddress === undefined) return undefined
    // A router that has just started may not have heard of the block yet: `take` waits for it.
    if (this.#deps.owns(cluster, globalAddress) || this.#awaitsClaim(cluster))
      return new FlowSource(this, cluster, globalAddress, protocol)
    this.#reportFalse(cluster, globalAddress)
    return undefined
  }

  take(use: SourceUse): SourcePort {
    const { agents } = this.#deps
    if (this.#awaitsClaim(use.cluster)) return { kind: 'wait', ready: this.#whenClaimed(use.cluster) }
    if (!this.#deps.owns(use.cluster, use.address)) return this.#notBelieved(use)
    const left = this.#settlesIn
    if (!agents.present) return left > 0 ? { kind: 'wait', ready: agents.whenPresent(left) } : { kind: 'any' }
    const answer = this.#slots.take(use)
    switch (answer.kind) {
      case 'port':
        return answer
      case 'announced':
        return { kind: 'wait', ready: this.#inForce(answer.version) }
      case 'refused':
        return {
          kind: 'refused',
          reason: this.refuse(answer.reason, `no source port is left for ${use.address}`),
        }
    }
  }

  /** Milliseconds until agents and claims are no longer waited for; 0 or less: they are not. */
  get #settlesIn(): number {
    return this.#settledBy - this.#deps.clock.monotonic()
  }

  #awaitsClaim(cluster: string): boolean {
    return this.#settlesIn > 0 && !this.#deps.hasClaim(cluster)
  }

  /** One look for all flows of a cluster: however many there are. */
  #whenClaimed(cluster: string): Promise<void> {
    const known = this.#claims.get(cluster)
    if (known !== undefined) return known
    const wait = this.#lookForClaim(cluster).finally(() => this.#claims.delete(cluster))
    this.#claims.set(cluster, wait)
    return wait
  }

  async #lookForClaim(cluster: string): Promise<void> {
    while (this.#awaitsClaim(cluster)) await this.#deps.clock.sleep(CLAIM_LOOK_MS)
  }

  /** Headers were promised the address by now: the flow is refused rather than told as somebody else's. */
  #notBelieved({ cluster, address }: SourceUse): SourcePort {
    this.#reportFalse(cluster, address)
    return { kind: 'refused', reason: this.refuse('claim', `${address} is no address of cluster ${cluster}`) }
  }

  give(taken: TakenPort, rests: boolean): void {
    this.#slots.give(taken, rests)
  }

  refuse(cause: string, text: string): string {
    this.#countRefused({ reason: cause })
    return `${text} (${cause})`
  }

  /** All new slots of one turn are announced together. */
  #inForce(version: number): Promise<void> {
    const known = this.#waits.get(version)
    if (known !== undefined) return known
    const wait = Promise.resolve()
      .then(() => this.#announce())
      .then(() => this.#deps.agents.whenApplied(version))
      .then((isComplete) => {
        if (!isComplete) this.#countLate()
        this.#slots.inForce(version)
        this.#waits.delete(version)
      })
    this.#waits.set(version, wait)
    return wait
  }

  #giveBack(): void {
    this.#slots.giveBack()
    this.#announce()
  }

  #announce(): void {
    if (this.#slots.changed) this.#deps.announced.set(this.#slots.announce())
  }

  #reportFalse(cluster: string, address: string): void {
    this.#countFalse()
    if (this.#liars.has(cluster)) return
    if (this.#liars.size >= MAX_LOGGED_CLUSTERS) this.#liars.clear()
    this.#liars.add(cluster)
    this.#deps.log.warn({ cluster, address }, "a client has a global address that is not its cluster's")
  }
}
