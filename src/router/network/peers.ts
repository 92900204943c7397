/**
 * What the data path sees of the other clusters: a transport to each, and who can be reached now.
 */
import type { FlowTransport } from '../../amqp/flow-transport.ts'
import type { Way } from '../../api/network-report.ts'

/** Implemented by RouterNetwork. */
export interface PeerTransports {
  /** The usable way to `cluster`: a data connection, else over relays, the cheapest with the fewest open flows; undefined when there is none. */
  transportTo(cluster: string): FlowTransport | undefined
  /** What kind of way that is, or why there is none. */
  wayTo(cluster: string): Way
  /** What that way costs; infinite when there is none. */
  costTo(cluster: string): number
  /** Clusters that a flow can be opened to now, sorted. */
  reachable(): readonly string[]
  /** Calls `listener` whenever `reachable` may have changed, until the returned function is called. */
  onChange(listener: () => void): () => void
  /** Flows with something still to be sent or received, also when their sockets are closed. */
  readonly openFlows: number
}
