/**
 * What the network needs of a data connection; src/amqp has the one there is.
 */
import type { Duplex } from 'node:stream'
import type { FlowAcceptor, FlowTransport } from '../../amqp/flow-transport.ts'
import type { Side } from '../../link/control-channel.ts'
import type { PeerIdentity } from '../../pki/identity.ts'

/** Flows over one authenticated socket. */
export interface PeerConnection extends FlowTransport {
  /** Resolves with why, when it is gone. Never rejects. */
  readonly whenClosed: Promise<unknown>
  start(): void
  /** Tells the peer why and closes; open flows are lost. */
  close(reason: string): void
}

/** Makes a data connection; `start` has not been called. */
export type CreateDataConnection = (
  socket: Duplex,
  side: Side,
  acceptFlow: FlowAcceptor,
  peer: PeerIdentity,
) => PeerConnection
