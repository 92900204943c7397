/**
 * What a resumable flow needs of those who look after it when it has no data connection.
 */
import type { FlowError } from '../../amqp/flow-transport.ts'
import type { ByteBudget, ByteUse } from '../../core/byte-budget.ts'
import type { PeerProcess } from './peer-process.ts'

/** Where bytes are accounted for. */
export interface FlowMemory {
  /** Bounds all bytes the router holds. */
  readonly budget: ByteBudget
  /** Sent and not acknowledged, or waiting to be sent. */
  readonly retained: ByteUse
  /** Where flows stop to keep more than each may without asking. */
  readonly maxRetained: number
  /** Received on connections that are gone, and not yet handed on by the owner. */
  readonly stranded: ByteUse
}

/** A flow as it is known to them. */
export interface KeptFlow {
  readonly graceMs: number
  /** At the other end, once that is known. */
  readonly process: PeerProcess | undefined
  /** Bytes it holds. */
  readonly heldBytes: number
  /** It cannot be resumed any more. */
  giveUp(error: FlowError): void
  /** It has failed, and the other end was asked for it a while ago: tells it, though it has not answered. */
  insist(): void
}

export interface FlowKeeping {
  readonly memory: FlowMemory
  /** Its connection is lost. May end it at once. */
  suspended(flow: KeptFlow): void
  /** It holds more than when it was suspended. Ends no flow at once: its owner is in the middle of a call. */
  grown(flow: KeptFlow): void
  /** The connection it was to be resumed on is lost too, or full. */
  attemptLost(flow: KeptFlow): void
  /** The far side does not go on with it; it ends now. */
  attemptRefused(): void
  /** It goes on, and had to send so many bytes again. */
  resumed(flow: KeptFlow, retransmittedBytes: number): void
  /** It need not be known any more. */
  over(flow: KeptFlow): void
}
