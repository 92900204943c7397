/**
 * Clusters that export something and that no router has reached for the grace time. What they export stays imported;
 * their endpoints give way to those of other clusters.
 */
import type { ServiceImport } from '../api/mcs.ts'
import type { Cancel, Clock } from '../core/clock.ts'
import type { Startable } from '../core/lifecycle.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import type { ClustersetView } from './clusterset-view.ts'
import type { DirectoryLink } from './directory-link.ts'
import { staleNames } from './staleness.ts'
import type { ControllerStores } from './stores.ts'

export interface StaleClustersDeps {
  readonly reachable: DirectoryLink['reachable']
  readonly view: Pick<ClustersetView, 'current' | 'subscribe'>
  readonly stores: Pick<ControllerStores, 'imports'>
  readonly clock: Pick<Clock, 'after'>
}

export interface StaleClustersConfig {
  /** This cluster's id: it is never stale. */
  readonly cluster: string
  /** How long a cluster may be out of reach, milliseconds. */
  readonly graceMs: number
}

/** While it is not known what can be reached, nothing becomes stale and nothing ceases to be. */
export class StaleClusters implements Startable {
  readonly #deps: StaleClustersDeps
  readonly #config: StaleClustersConfig
  readonly #current = new Snapshot<ReadonlySet<string>>(new Set())
  /** Clusters out of reach, each with the timer that ends its grace. At most one for each exporting cluster. */
  readonly #grace = new Map<string, Cancel>()
  #unfollow: (() => void)[] = []

  constructor(deps: StaleClustersDeps, config: StaleClustersConfig) {
    this.#deps = deps
    this.#config = config
  }

  get clusters(): SnapshotSource<ReadonlySet<string>> {
    return this.#current
  }

  /** Goes on from what imports say: a controller that takes over must not take stale clusters for fresh ones. */
  async start(): Promise<void> {
    const { reachable, view, stores } = this.#deps
    this.#current.set(new Set(stores.imports.list().flatMap(staleNames)))
    this.#unfollow = [
      reachable.subscribe(() => this.#update()),
      view.subscribe(({ appeared }) => {
        if (appeared.length > 0) this.#update()
      }),
    ]
    this.#update()
  }

  async stop(): Promise<void> {
    for (const unfollow of this.#unfollow) unfollow()
    this.#unfollow = []
    this.#endGrace()
  }

  #update(): void {
    const reachable = this.#deps.reachable.current()
    if (reachable === undefined) this.#endGrace()
    else this.#lose(this.#exporting().filter((cluster) => !reachable.has(cluster)))
  }

  /** Clusters that are out of reach now. */
  #lose(lost: readonly string[]): void {
    const stale = this.#current.current()
    this.#endGrace((cluster) => !lost.includes(cluster))
    for (const cluster of lost) if (!stale.has(cluster)) this.#beginGrace(cluster)
    if ([...stale].some((cluster) => !lost.includes(cluster)))
      this.#current.set(new Set(lost.filter((cluster) => stale.has(cluster))))
  }

  /** Other clusters whose exports are known, or were when they were last heard of. */
  #exporting(): string[] {
    const { view, stores } = this.#deps
    const remembered = stores.imports.list().flatMap(clustersOf)
    const all = new Set([...view.current().keys(), ...remembered])
    all.delete(this.#config.cluster)
    return [...all]
  }

  #beginGrace(cluster: string): void {
    if (this.#grace.has(cluster)) return
    const end = this.#deps.clock.after(this.#config.graceMs, () => {
      this.#grace.delete(cluster)
      this.#current.set(new Set([...this.#current.current(), cluster]))
    })
    this.#grace.set(cluster, end)
  }

  #endGrace(which: (cluster: string) => boolean = () => true): void {
    for (const [cluster, cancel] of this.#grace) {
      if (!which(cluster)) continue
      cancel()
      this.#grace.delete(cluster)
    }
  }
}

function clustersOf({ status }: ServiceImport): string[] {
  return status?.clusters?.map(({ cluster }) => cluster) ?? []
}
