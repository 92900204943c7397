/**
 * Which source ports of a router stand for which global address (ADR 17). A router announces its slots to the agents of
 * its cluster, who translate by them.
 */

/** SOURCE_SLOT_PORTS ports of one router. */
export interface SourceSlot {
  /** First and last port, both included. */
  readonly first: number
  readonly last: number
  /** The global address they stand for, in text; IPv4. */
  readonly address: string
}

/**
 * The slots of all routers of the cluster that have told theirs, by the address of the router's pod. A router without slots
 * is there too, one that has told nothing yet is not.
 */
export type SourceTable = ReadonlyMap<string, readonly SourceSlot[]>
