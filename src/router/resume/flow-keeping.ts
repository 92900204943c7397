/**
 * What a resumable flow needs of those who look after it when it has no data connection.
 */
import type { ByteBudget, ByteUse } from '../../core/byte-budget.ts'
import type { PeerProcess } from './peer-process.ts'
import type { ResumableFlow } from './resumable-flow.ts'

/** Where bytes are accounted for. */
export interface FlowMemory {
  /** Bounds all bytes the router holds. */
  readonly budget: ByteBudget
  /** Sent and not acknowledged, or waiting to be sent. */
  readonly retained: ByteUse
  /** Received on connections that are gone, and not yet handed on by the owner. */
  readonly stranded: ByteUse
}

export interface FlowKeeping {
  readonly memory: FlowMemory
  /** The flow belongs to this process now. */
  joined(flow: ResumableFlow, process: PeerProcess): void
  /** Its connection is lost. May end it at once. */
  suspended(flow: ResumableFlow): void
  /** The connection it was to be resumed on is lost too. */
  attemptLost(flow: ResumableFlow): void
  /** The far side does not go on with it; it ends now. */
  attemptRefused(): void
  /** It goes on, and had to send so many bytes again. */
  resumed(flow: ResumableFlow, retransmittedBytes: number): void
  /** It need not be known any more. */
  over(flow: ResumableFlow): void
}
