/**
 * What resumption needs of a data connection, and of the router process at its other end.
 */
import type { FlowError, FlowTransport } from '../../amqp/flow-transport.ts'

/** Who is at the other end, as it says in its open. */
export interface RemoteProcess {
  /** Stays the same when the process is restarted. */
  readonly containerId: string
  /** Random for each process; undefined when it cannot resume flows. */
  readonly instance: string | undefined
}

/** Implemented by DataConnection, and by RelayedConnection for a router that is reached over others. */
export interface RawConnection extends FlowTransport {
  /** Undefined until its open has come. */
  readonly peer: RemoteProcess | undefined
  /** It leads over relays (ADR 14), to a peer that no certificate vouches for. */
  readonly relayed?: boolean
  /** The peer has closed it because its process ends; known before the flows are told that the link is lost. */
  readonly peerStopped?: boolean
  /** Tells the peer why and closes; its flows are lost. */
  close(why: FlowError | string): void
}
