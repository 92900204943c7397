/**
 * The network as one router sees it, as an immutable value: who is there, and the best paths to each. Paths are computed
 * when they are first asked for.
 */
import { MAX_EQUAL_PATHS, MAX_HOPS } from './limits.ts'
import { type GraphState, penaltyOf, type RouterInfo } from './link-graph.ts'
import { costOf, DRAINING_METRIC, roundTripOf } from './metric.ts'

/** The way to one router. */
export interface Route {
  readonly router: RouterInfo
  /** Sum of the costs of the links. */
  readonly cost: number
  /** Sum of the round trips of the links, each rounded up to a step: what breaks ties. */
  readonly roundTripMs: number
  /** A router that drains is on the way, since there is no other. */
  readonly overDraining: boolean
  /** Paths that are equally good, as router ids: this router's own is not among them, the destination is last. */
  readonly paths: readonly (readonly string[])[]
}

/** An edge that both ends advertise. */
export interface TopologyLink {
  readonly routers: readonly [string, string]
  readonly cost: number
  readonly roundTripMs: number
}

type SlotPath = readonly number[]

export class TopologyView {
  /** The router whose view this is. */
  readonly self: string
  readonly #graph: GraphState
  readonly #distances: readonly number[]
  readonly #source: number
  readonly #routes = new Map<string, Route | undefined>()
  #slots: ReadonlyMap<string, number> | undefined
  #routers: ReadonlyMap<string, RouterInfo> | undefined
  #byCluster: ReadonlyMap<string, readonly Route[]> | undefined

  /** The view of a router that knows of nobody, not even itself. */
  static of(self: string): TopologyView {
    return new TopologyView(self, 0, { routers: [], edges: [] }, [])
  }

  /** `distances` are by slot of the graph. */
  constructor(self: string, source: number, graph: GraphState, distances: readonly number[]) {
    this.self = self
    this.#source = source
    this.#graph = graph
    this.#distances = distances
  }

  /** All routers that are connected with this one, itself included, by id. */
  get routers(): ReadonlyMap<string, RouterInfo> {
    this.#routers ??= new Map(
      [...this.#slotById].map(([id, slot]) => [id, this.#graph.routers[slot] as RouterInfo]),
    )
    return this.#routers
  }

  /** The best paths to a router; undefined when there is none, or none of up to MAX_HOPS routers. */
  routeTo(router: string): Route | undefined {
    const slot = this.#slotById.get(router)
    if (slot === undefined || slot === this.#source) return undefined
    if (!this.#routes.has(router)) this.#routes.set(router, this.#computeRoute(slot))
    return this.#routes.get(router)
  }

  /** What the best way to a router costs, of however many routers it is; undefined when there is none. Quick. */
  costTo(router: string): number | undefined {
    const slot = this.#slotById.get(router)
    return slot === undefined ? undefined : costOf(this.#distanceOf(slot))
  }

  /** Where new flows to a cluster may go, best first: routers that drain only when there are no others. */
  routersOf(cluster: string): readonly Route[] {
    this.#byCluster ??= this.#group()
    return this.#byCluster.get(cluster) ?? []
  }

  /** All edges between routers that are connected with this one, each once. */
  links(): TopologyLink[] {
    const links: TopologyLink[] = []
    for (const [id, slot] of this.#slotById) {
      for (const { to, metric } of this.#graph.edges[slot] ?? []) {
        const other = this.#idOf(to)
        if (id > other) continue
        links.push({ routers: [id, other], cost: costOf(metric), roundTripMs: roundTripOf(metric) })
      }
    }
    return links
  }

  get #slotById(): ReadonlyMap<string, number> {
    if (this.#slots === undefined) {
      const slots = new Map<string, number>()
      for (const [slot, router] of this.#graph.routers.entries()) {
        if (router !== undefined && this.#distanceOf(slot) < Number.POSITIVE_INFINITY)
          slots.set(router.id, slot)
      }
      this.#slots = slots
    }
    return this.#slots
  }

  #group(): Map<string, readonly Route[]> {
    const groups = new Map<string, Route[]>()
    for (const { id, cluster } of this.routers.values()) {
      const route = this.routeTo(id)
      if (route === undefined) continue
      groups.set(cluster, [...(groups.get(cluster) ?? []), route])
    }
    return new Map([...groups].map(([cluster, routes]) => [cluster, usable(routes).sort(compareRoutes)]))
  }

  #computeRoute(slot: number): Route | undefined {
    const router = this.#graph.routers[slot]
    const paths = this.#pathsTo(slot)
    if (router === undefined || paths.length === 0) return undefined
    const distance = this.#distanceOf(slot)
    return {
      router,
      cost: costOf(distance),
      roundTripMs: roundTripOf(distance),
      overDraining: distance >= DRAINING_METRIC,
      paths: paths.map((path) => path.map((hop) => this.#idOf(hop))),
    }
  }

  /** From the source on, each router on the way gets its paths from those before it. */
  #pathsTo(destination: number): readonly SlotPath[] {
    const paths = new Map<number, readonly SlotPath[]>([[this.#source, [[]]]])
    for (const slot of this.#onTheWay(destination)) {
      const ways = this.#before(slot).map((previous) => paths.get(previous) ?? [])
      paths.set(
        slot,
        interleaved(ways).map((path) => [...path, slot]),
      )
    }
    return paths.get(destination) ?? []
  }

  /** Routers on shortest paths of up to MAX_HOPS routers, the nearest first. */
  #onTheWay(destination: number): number[] {
    const found = new Set([destination])
    let layer = [destination]
    for (let hops = 1; hops < MAX_HOPS && layer.length > 0; hops += 1) {
      const next = layer
        .flatMap((slot) => this.#before(slot))
        .filter((slot) => slot !== this.#source && !found.has(slot))
      for (const slot of next) found.add(slot)
      layer = [...new Set(next)]
    }
    return [...found].sort((a, b) => this.#distanceOf(a) - this.#distanceOf(b))
  }

  /** The last routers before this one on its shortest paths, in an order that all views share. */
  #before(slot: number): number[] {
    const end = this.#distanceOf(slot)
    return (this.#graph.edges[slot] ?? [])
      .filter(({ to, metric }) => this.#distanceOf(to) + (metric + this.#penaltyOf(to)) === end)
      .map(({ to }) => to)
      .sort((a, b) => (this.#idOf(a) < this.#idOf(b) ? -1 : 1))
  }

  #penaltyOf(slot: number): number {
    return penaltyOf(this.#graph.routers[slot], this.self)
  }

  #distanceOf(slot: number): number {
    return this.#distances[slot] ?? Number.POSITIVE_INFINITY
  }

  #idOf(slot: number): string {
    return this.#graph.routers[slot]?.id ?? ''
  }
}

/** The first path of each way, then the second of each, and so on, as many as are offered: paths that share as little as possible. */
function interleaved(ways: readonly (readonly SlotPath[])[]): SlotPath[] {
  const paths: SlotPath[] = []
  for (let round = 0; round < MAX_EQUAL_PATHS; round += 1) {
    for (const way of ways) {
      const path = way[round]
      if (path !== undefined && path.length < MAX_HOPS) paths.push(path)
    }
  }
  return paths.slice(0, MAX_EQUAL_PATHS)
}

function usable(routes: Route[]): Route[] {
  const staying = routes.filter(({ router }) => !router.draining)
  return staying.length > 0 ? staying : routes
}

function compareRoutes(a: Route, b: Route): number {
  const byDraining = Number(a.overDraining) - Number(b.overDraining)
  return (
    byDraining || a.cost - b.cost || a.roundTripMs - b.roundTripMs || (a.router.id < b.router.id ? -1 : 1)
  )
}
