/**
 * The graph that all advertisements together describe. An edge counts only when both of its ends advertise it, and costs
 * what the dearer end says. Routers are small integers here, slots, so that paths are computed on plain arrays.
 */
import type { Neighbour, RouterAdvertisement } from '../../api/router-advertisement.ts'
import { claimOn, inOrder, sameNeighbour } from './advertisement.ts'
import { DRAINING_METRIC, metricOf } from './metric.ts'

/** What people and policies want to know of a router. */
export interface RouterInfo {
  readonly id: string
  readonly name: string
  readonly cluster: string
  readonly draining: boolean
}

export interface Edge {
  readonly to: number
  readonly metric: number
}

/** Told of each direction of an edge whose weight changed; Infinity stands for no edge. */
export type OnWeight = (from: number, to: number, before: number, after: number) => void

/** The graph as arrays by slot, none of which changes any more. */
export interface GraphState {
  readonly routers: readonly (RouterInfo | undefined)[]
  readonly edges: readonly (readonly Edge[])[]
}

const NONE: readonly Neighbour[] = []

export class LinkGraph {
  readonly #self: string
  readonly #onWeight: OnWeight
  readonly #slots = new Map<string, number>()
  /** Neighbours that each router claims. */
  readonly #claims = new Map<string, readonly Neighbour[]>()
  readonly #routers: (RouterInfo | undefined)[] = []
  readonly #edges: (readonly Edge[])[] = []
  #free: number[] = []
  /** Slots of routers that left since `recycle`. */
  #left: number[] = []

  constructor(self: string, onWeight: OnWeight) {
    this.#self = self
    this.#onWeight = onWeight
  }

  slotOf(router: string): number | undefined {
    return this.#slots.get(router)
  }

  edgesOf(slot: number): readonly Edge[] {
    return this.#edges[slot] ?? []
  }

  /** What leaving a router adds to the edges from there: nobody should relay through one that drains. */
  penaltyOf(slot: number): number {
    return penaltyOf(this.#routers[slot], this.#self)
  }

  /** Takes a router's newest advertisement; says whether it says anything else of the router itself. */
  set(advertisement: RouterAdvertisement): boolean {
    const { router: id, name, cluster, draining } = advertisement
    const slot = this.#slots.get(id) ?? this.#newSlot(id)
    const before = this.#routers[slot]
    const isSame = before?.name === name && before.cluster === cluster && before.draining === draining
    if (!isSame) this.#setInfo(slot, { id, name, cluster, draining })
    this.#setClaims(id, slot, advertisement.neighbours)
    return !isSame
  }

  /** Forgets a router and its edges. */
  delete(router: string): void {
    const slot = this.#slots.get(router)
    if (slot === undefined) return
    this.#setClaims(router, slot, NONE)
    this.#claims.delete(router)
    this.#slots.delete(router)
    this.#routers[slot] = undefined
    this.#left.push(slot)
  }

  /** Slots of routers that left may be given to others: nobody computes with them any more. */
  recycle(): void {
    this.#free.push(...this.#left)
    this.#left = []
  }

  state(): GraphState {
    return { routers: this.#routers.slice(), edges: this.#edges.slice() }
  }

  #newSlot(router: string): number {
    const slot = this.#free.pop() ?? this.#routers.length
    this.#slots.set(router, slot)
    this.#routers[slot] = undefined
    this.#edges[slot] = []
    return slot
  }

  #setInfo(slot: number, info: RouterInfo): void {
    const before = this.penaltyOf(slot)
    this.#routers[slot] = info
    const after = this.penaltyOf(slot)
    if (before === after) return
    for (const { to, metric } of this.edgesOf(slot)) this.#onWeight(slot, to, metric + before, metric + after)
  }

  #setClaims(router: string, slot: number, claims: readonly Neighbour[]): void {
    const metrics = new Map<number, number>()
    inOrder(this.#claims.get(router) ?? NONE, claims, (before, claim) => {
      if (sameNeighbour(before, claim)) return
      const id = (claim ?? before)?.[0] ?? ''
      const other = this.#slots.get(id)
      const reverse = claimOn(this.#claims.get(id) ?? NONE, router)
      if (other === undefined || reverse === undefined) return
      metrics.set(other, claim === undefined ? Number.POSITIVE_INFINITY : metricOf(claim, reverse))
    })
    this.#claims.set(router, claims)
    if (metrics.size > 0) this.#setEdges(slot, metrics)
  }

  /** Gives the edges between a slot and others new metrics, both ways. */
  #setEdges(slot: number, metrics: ReadonlyMap<number, number>): void {
    const before = new Map(this.edgesOf(slot).map(({ to, metric }) => [to, metric]))
    this.#edges[slot] = withEdges(this.edgesOf(slot), metrics)
    for (const [to, metric] of metrics) {
      const old = before.get(to) ?? Number.POSITIVE_INFINITY
      if (old === metric) continue
      this.#edges[to] = withEdges(this.edgesOf(to), new Map([[slot, metric]]))
      this.#onWeight(slot, to, old + this.penaltyOf(slot), metric + this.penaltyOf(slot))
      this.#onWeight(to, slot, old + this.penaltyOf(to), metric + this.penaltyOf(to))
    }
  }
}

/** See `LinkGraph.penaltyOf`. Our own flows may leave us while we drain. */
export function penaltyOf(router: RouterInfo | undefined, self: string): number {
  return router?.draining === true && router.id !== self ? DRAINING_METRIC : 0
}

function withEdges(edges: readonly Edge[], metrics: ReadonlyMap<number, number>): readonly Edge[] {
  const kept = edges.filter(({ to }) => !metrics.has(to))
  for (const [to, metric] of metrics) if (metric !== Number.POSITIVE_INFINITY) kept.push({ to, metric })
  return kept
}
