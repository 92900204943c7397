/**
 * What the data path sees of a data connection: flows, opened and accepted, each a byte stream with half-close,
 * reset and a byte window. Implemented by DataConnection; routers and tests code against this.
 */

/** Opening message of a flow. Travels between clusters: untrusted when received. */
export interface FlowRequest {
  /** `namespace/name` of the exported Service. */
  readonly service: string
  readonly protocol: 'TCP' | 'UDP'
  /** The Service's port. */
  readonly port: number
  /** The client as the ingress router saw it. */
  readonly client: { readonly address: string; readonly port: number }
}

/** Why a flow ended other than by both sides finishing. `condition` is the AMQP error condition. */
export interface FlowError {
  readonly condition: string
  readonly description: string
}

/** AMQP error conditions of ours, beside the standard ones (AMQP 1.0 section 2.8.15, 2.8.16). */
export const FlowCondition = {
  /** The application on the other side reset its connection. */
  reset: 'fairlead:reset',
  /** No backend accepted the connection. */
  connectFailed: 'fairlead:connect-failed',
  /** The service is not exported here, or not that port. */
  notExported: 'fairlead:not-exported',
  /** Exported, but no backend is ready. */
  noBackend: 'fairlead:no-backend',
  /** A bound of the router was reached. */
  overloaded: 'amqp:resource-limit-exceeded',
  /** The data connection under the flow was lost. */
  linkLost: 'fairlead:link-lost',
} as const

/** Calls from the data connection to the owner of one end of a flow. None is made after onReset or after both ends. */
export interface FlowHandler {
  /** Opener only: the far side has its backend connection. */
  onAccept(): void
  /**
   * Bytes from the far side, a view into a read buffer that is never reused: keep it without copying.
   * Call `channel.consumed(n)` once they have been handed on, which opens the sender's window again.
   */
  onData(chunk: Buffer): void
  /** The far side has half-closed; no onData follows. */
  onEnd(): void
  /** The flow is gone in both directions. */
  onReset(error: FlowError): void
  /** `writable` is positive again after a write used it up. */
  onDrain(): void
}

/** One end of a flow. Methods after the end or reset of that direction do nothing. */
export interface FlowChannel {
  readonly id: string
  /** Bytes the window (and the connection's own bound) allow to be written now; 0 or less: wait for onDrain. */
  readonly writable: number
  /**
   * Queues bytes; the buffer must not be changed afterwards. More than `writable` may be given (a socket read cannot be
   * split by the caller): the rest waits here until the window opens, and `writable` goes to 0 or below meanwhile.
   */
  write(chunk: Buffer): void
  /** Half-close after all written bytes. */
  end(): void
  /** Ends both directions at once; unsent bytes are dropped. */
  reset(error: FlowError): void
  /** The owner has handed on, or dropped, `bytes` of what onData gave; to be told also after the end. */
  consumed(bytes: number): void
  /** Acceptor only: the backend is connected. */
  accept(): void
}

/** Decides about an incoming flow. Returns its handler; may call `channel.reset` before returning or later. */
export type FlowAcceptor = (request: FlowRequest, channel: FlowChannel) => FlowHandler

/** Something flows can be opened on. */
export interface FlowTransport {
  /** False once closed or closing. */
  readonly usable: boolean
  /** Flows open now. */
  readonly openFlows: number
  /** Starts a flow without waiting: writes may follow at once. */
  open(request: FlowRequest, handler: (channel: FlowChannel) => FlowHandler): FlowChannel
}
