/**
 * What the data path asks the topology: which routers of other clusters there are, and over which paths. Implemented by
 * the topology; without one every flow goes to a neighbour.
 */

/** A router of another cluster and the ways to it. */
export interface RouterRoute {
  /** The router process: its instance, 32 lower-case hex digits. */
  readonly router: string
  /** Its container id, as its data connections tell it. */
  readonly name: string
  readonly cluster: string
  /** Of each of the paths. */
  readonly cost: number
  /** Each the routers on the way: first a neighbour of ours, last the router itself. */
  readonly paths: readonly (readonly string[])[]
  /** It takes no new flows. */
  readonly draining: boolean
}

export interface PathSource {
  /** Clusters other than ours that have routers with a path. */
  clusters(): Iterable<string>
  /** The routers of a cluster, cheapest first. A router that has no path now is not among them. */
  routesOf(cluster: string): readonly RouterRoute[]
  /** Calls `listener` after each change, until the returned function is called. */
  onChange(listener: () => void): () => void
}

/** Nobody knows a path. */
export const NO_PATHS: PathSource = {
  clusters: () => [],
  routesOf: () => [],
  onChange: () => () => {},
}
