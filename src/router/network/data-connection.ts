/**
 * What the network needs of a data connection; src/amqp has the one there is.
 */
import type { Duplex } from 'node:stream'
import type { FlowAcceptor, FlowError } from '../../amqp/flow-transport.ts'
import type { LineSettings } from '../../api/route-snapshot.ts'
import type { Side } from '../../link/control-channel.ts'
import type { PeerIdentity } from '../../pki/identity.ts'
import type { RawConnection } from '../resume/raw-connection.ts'

/** Why a connection is over, and who ended it. */
export interface ConnectionEnd extends FlowError {
  readonly origin: 'owner' | 'engine' | 'peer' | 'socket'
}

/** Flows over one authenticated socket. */
export interface PeerConnection extends RawConnection {
  /** Resolves with why, when it is gone. Never rejects. */
  readonly whenClosed: Promise<ConnectionEnd>
  /** Resolves when its socket is closed as well, which takes a bounded time. Never rejects. */
  readonly whenGone: Promise<void>
  start(): void
  /** Tells the peer to open no more flows. */
  drain(): void
}

/** What a data connection is told of its place, and whom it tells. */
export interface ConnectionTerms {
  readonly side: Side
  /** Who the certificate says is at the other end. */
  readonly peer: PeerIdentity
  /** Names this process to the peer: 32 hex digits. */
  readonly instance: string
  /** Names this router in AMQP, and stays the same over restarts. */
  readonly containerId: string
  /** What the Link says of the line; absent on the accepting side. */
  readonly line?: LineSettings | undefined
  readonly accept: FlowAcceptor
  /** It is known which process the peer is. */
  readonly onOpen: () => void
  /** The peer takes no more new flows. */
  readonly onDraining: () => void
}

/** Makes a data connection; `start` has not been called. */
export type CreateDataConnection = (socket: Duplex, terms: ConnectionTerms) => PeerConnection

/** The container id of a router's data connections (AMQP 1.0 section 2.7.1). */
export function containerIdOf(cluster: string, name: string): string {
  return `${cluster}/${name}`
}
