/**
 * The input of a node's table, kept up to date from stores and from what the routers tell.
 */
import type { SourceTable } from '../api/global-source.ts'
import type { GlobalNetwork } from '../api/globalnet.ts'
import type { Cancel, Clock } from '../core/clock.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import type { Metrics } from '../core/metrics.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import type { StoreEvent } from '../kube/types.ts'
import { type AgentStores, notSynced } from './agent-stores.ts'
import { type AssembledBase, assembleNatBase } from './nat-input.ts'
import { APPLY_DELAY_MS, ASSEMBLY_SHARE, PROBLEMS_SAID_MAX } from './nat-limits.ts'
import type { NatDesired } from './nat-reconciler.ts'
import { addSlots } from './source-slots.ts'

export interface NatInputSourceDeps {
  readonly stores: AgentStores
  readonly sources: SnapshotSource<SourceTable>
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
}

export class NatInputSource implements Startable {
  readonly #deps: NatInputSourceDeps
  readonly #current = new Snapshot<NatDesired | undefined>(undefined)
  readonly #said = new Set<string>()
  readonly #stopping = new AbortController()
  #base: AssembledBase | undefined
  /** How long the last assembly took. */
  #lastMs = 0
  #problems = 0
  #unsubscribe: (() => void)[] = []
  #cancelTimer: Cancel | undefined

  constructor(deps: NatInputSourceDeps) {
    this.#deps = deps
    deps.metrics.observe(
      'fairlead_agent_problems',
      'Claims of global addresses, slots and the like that cannot be used; the log names each.',
      () => this.#problems,
    )
  }

  /** Undefined until all stores are complete. */
  get desired(): SnapshotSource<NatDesired | undefined> {
    return this.#current
  }

  notReady(): string[] {
    return notSynced(this.#deps.stores)
  }

  async start(): Promise<void> {
    const { stores, sources } = this.#deps
    const soon = () => this.#soon()
    const { networks, ...others } = stores
    this.#unsubscribe = [
      ...Object.values(others).map((store) => store.subscribe(soon)),
      networks.subscribe((event) => isNews(event) && soon()),
      // A slot that is told is waited for.
      sources.subscribe(() => this.#publish()),
    ]
    // An empty list is no change that a store tells of.
    for (const store of Object.values(stores)) store.whenSynced(this.#stopping.signal).then(soon, () => {})
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  /** What takes long with many imports is done less often. */
  #soon(): void {
    const delay = Math.max(APPLY_DELAY_MS, this.#lastMs * ASSEMBLY_SHARE)
    this.#cancelTimer ??= this.#deps.clock.after(delay, () => this.#assemble())
  }

  #assemble(): void {
    this.#cancelTimer = undefined
    const { stores, clock } = this.#deps
    if (this.notReady().length > 0) return
    const startedAt = clock.monotonic()
    this.#base = assembleNatBase({
      services: stores.services.list(),
      slices: stores.slices.list(),
      ingressIps: stores.ingressIps.list(),
      pods: stores.pods.list(),
      routerSlices: stores.routerSlices.list(),
      network: stores.networks.list()[0],
    })
    this.#lastMs = clock.monotonic() - startedAt
    this.#publish()
  }

  #publish(): void {
    if (this.#base === undefined) return
    const { base, problems } = this.#base
    const slotted = addSlots(base, this.#deps.sources.current())
    this.#report([...problems, ...slotted.problems])
    this.#current.set({ input: slotted.input, sources: slotted.sources })
  }

  /** Each once, until it was gone in between. */
  #report(problems: readonly string[]): void {
    this.#problems = problems.length
    const present = new Set(problems)
    for (const said of this.#said) if (!present.has(said)) this.#said.delete(said)
    for (const problem of present) {
      if (this.#said.has(problem) || this.#said.size >= PROBLEMS_SAID_MAX) continue
      this.#said.add(problem)
      this.#deps.log.warn({ problem }, 'left out of the nftables table')
    }
  }
}

/** The rest of a GlobalNetwork's status, such as what rests, says nothing to nodes. */
function isNews(event: StoreEvent<GlobalNetwork>): boolean {
  return event.type !== 'updated' || event.object.status?.range !== event.previous.status?.range
}
