/**
 * What a flow has to send and how it is cut into deliveries: a stream's bytes anywhere, datagrams nowhere.
 */
import type { SendWindow } from './send-window.ts'

/** Takes payload, as views. */
export interface PayloadSink {
  payload(chunk: Buffer): void
}

export interface OutputQueue {
  /** Bytes waiting. */
  readonly bytes: number
  /** Nothing waits, not even a datagram of no bytes. */
  readonly empty: boolean
  push(chunk: Buffer): void
  /** Bytes of the delivery that the window lets go next; -1 when there is none or it must wait. */
  next(window: SendWindow): number
  /** Gives the next `size` bytes to `take`: of a delivery all, at once or in pieces. */
  shift(size: number, take: PayloadSink): void
  clear(): void
}
