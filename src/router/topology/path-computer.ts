/**
 * From advertisements to the view: feeds the graph, computes paths with a pause in between while much changes, and
 * publishes a view when any path or router in it may be another.
 */
import type { RouterAdvertisement } from '../../api/router-advertisement.ts'
import type { Clock } from '../../core/clock.ts'
import { Snapshot, type SnapshotSource } from '../../core/snapshot.ts'
import type { AdvertisementDatabase } from './advertisement-database.ts'
import { COMPUTE_PACE, FORGET_MS, MAX_AGE_MS } from './limits.ts'
import { LinkGraph } from './link-graph.ts'
import type { Self } from './originator.ts'
import { Pacer } from './pacer.ts'
import { ShortestPaths } from './shortest-paths.ts'
import { TopologyView } from './topology-view.ts'

export class PathComputer {
  readonly #self: string
  readonly #graph: LinkGraph
  readonly #source: number
  readonly #shortest: ShortestPaths
  readonly #pacer: Pacer
  readonly #view: Snapshot<TopologyView>
  /** Routers that were out of reach when somebody last looked. */
  readonly #unreachable = new Set<string>()
  #onReachable: (routers: readonly string[]) => void = () => {}
  #computations = 0
  /** A router says something else of itself. */
  #renamed = false

  constructor(clock: Clock, { router, name, cluster }: Self) {
    this.#self = router
    this.#graph = new LinkGraph(router, (from, to, before, after) =>
      this.#shortest.onWeight(from, to, before, after),
    )
    this.#graph.set({ router, name, cluster, sequence: 0, draining: false, neighbours: [] })
    this.#source = this.#graph.slotOf(router) ?? 0
    this.#shortest = new ShortestPaths(this.#graph, this.#source)
    this.#pacer = new Pacer(clock, COMPUTE_PACE, () => this.#compute())
    this.#view = new Snapshot(this.#newView())
  }

  get view(): SnapshotSource<TopologyView> {
    return this.#view
  }

  get computations(): number {
    return this.#computations
  }

  /** Routers visited by all computations. */
  get visited(): number {
    return this.#shortest.visited
  }

  /** Calls `listener` with routers that were out of reach for a while and are in reach again. */
  onReachable(listener: (routers: readonly string[]) => void): void {
    this.#onReachable = listener
  }

  set(advertisement: RouterAdvertisement): void {
    if (this.#graph.set(advertisement)) this.#renamed = true
    if (this.#renamed || this.#shortest.isTouched) this.#pacer.request()
  }

  delete(router: string): void {
    this.#unreachable.delete(router)
    this.#graph.delete(router)
    if (this.#shortest.isTouched) this.#pacer.request()
  }

  /** Routers to be forgotten: too old, or out of reach for too long. Marks those that are out of reach now. */
  outdated(database: AdvertisementDatabase, now: number): string[] {
    const routers: string[] = []
    for (const entry of database.entries()) {
      const { router } = entry.advertisement
      if (router === this.#self) continue
      if (this.isReachable(router)) entry.unreachableSince = undefined
      else {
        entry.unreachableSince ??= now
        this.#unreachable.add(router)
      }
      const since = entry.unreachableSince ?? now
      if (now - entry.madeAt > MAX_AGE_MS || now - since > FORGET_MS) routers.push(router)
    }
    return routers
  }

  /** Whether the last computation found a way there. */
  isReachable(router: string): boolean {
    const slot = this.#graph.slotOf(router)
    return slot !== undefined && this.#shortest.distanceOf(slot) < Number.POSITIVE_INFINITY
  }

  stop(): void {
    this.#pacer.cancel()
  }

  #compute(): void {
    const isTouched = this.#shortest.run()
    if (isTouched) this.#computations += 1
    this.#graph.recycle()
    if (!isTouched && !this.#renamed) return
    this.#renamed = false
    this.#view.set(this.#newView())
    const back = [...this.#unreachable].filter((router) => this.isReachable(router))
    for (const router of back) this.#unreachable.delete(router)
    if (back.length > 0) this.#onReachable(back)
  }

  #newView(): TopologyView {
    return new TopologyView(this.#self, this.#source, this.#graph.state(), this.#shortest.distances())
  }
}
