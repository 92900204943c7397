/**
 * What each router says of itself to all others, and the messages that carry it between neighbours.
 */

/** What names a router process: 32 lower-case hex digits, random for each process. */
export const ROUTER_ID = /^[0-9a-f]{32}$/

/** One neighbour, as the router at this end sees the edge. The round trip is a coarse step, not the last measurement. */
export type Neighbour = readonly [router: string, cost: number, roundTripMs: number]

/** A router's own words. A higher sequence replaces a lower one, whole; ids are never used again, so it begins with 1. */
export interface RouterAdvertisement {
  readonly router: string
  /** For people: the name of its pod or host. */
  readonly name: string
  readonly cluster: string
  readonly sequence: number
  /** It takes no new flows and should carry none for others. */
  readonly draining: boolean
  /** Sorted by router, each once. */
  readonly neighbours: readonly Neighbour[]
  /** The origin's signature and the certificates of its signer, base64, with blanks between. Absent where nothing is signed: in simulations. */
  readonly proof?: string
}

/** An advertisement on its way. `age` is whole seconds since its origin made it. */
export interface AgedAdvertisement {
  readonly age: number
  readonly advertisement: RouterAdvertisement
}

/** What leads from one sequence of a router's advertisement to a later one. */
export interface AdvertisementChange {
  readonly router: string
  readonly age: number
  readonly from: number
  readonly to: number
  readonly draining: boolean
  readonly upserts: readonly Neighbour[]
  readonly removes: readonly string[]
  /** Of the whole as it is after the change. */
  readonly proof?: string
}

/** What the sender has, whole, in as many parts as needed: after hello and now and then. */
export interface TopologyDigest {
  readonly type: 'topology-digest'
  /** Counts from 0. */
  readonly part: number
  readonly last: boolean
  readonly routers: readonly (readonly [router: string, sequence: number])[]
}

/** Advertisements that the receiver lacks. */
export interface TopologyUpdate {
  readonly type: 'topology'
  readonly advertisements: readonly AgedAdvertisement[]
  readonly changes: readonly AdvertisementChange[]
}

/** A change did not fit: send these whole. */
export interface TopologyRequest {
  readonly type: 'topology-request'
  readonly routers: readonly string[]
}

export type TopologyMessage = TopologyDigest | TopologyUpdate | TopologyRequest
