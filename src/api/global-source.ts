/**
 * Which source ports of a router stand for which global address, as the router tells the agents (ADR 17). Pure.
 */

/** A run of source ports of one router, both ends included. Slots of a router do not overlap. */
export interface SourceSlot {
  readonly first: number
  readonly last: number
  /** The global address that connections from these ports have at the backend. */
  readonly address: string
}

/** All slots by the router's own address. A router that is absent has told nothing yet; one without slots has none. */
export type SourceTable = ReadonlyMap<string, readonly SourceSlot[]>
