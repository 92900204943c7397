/**
 * Plain numbers a connection counts; the owner reads them when metrics are scraped.
 */

/** Monotonic except `openFlows`. Bytes are those of flows, without AMQP's overhead. */
export interface ConnectionCounters {
  openFlows: number
  flowsOpened: number
  flowsAccepted: number
  bytesSent: number
  bytesReceived: number
  transfersSent: number
  transfersReceived: number
  /** Datagrams that could not be sent in time. */
  datagramsDropped: number
  /** Writes to the socket: many frames share one. */
  flushes: number
}

/** All zero. */
export function newCounters(): ConnectionCounters {
  return {
    openFlows: 0,
    flowsOpened: 0,
    flowsAccepted: 0,
    bytesSent: 0,
    bytesReceived: 0,
    transfersSent: 0,
    transfersReceived: 0,
    datagramsDropped: 0,
    flushes: 0,
  }
}
