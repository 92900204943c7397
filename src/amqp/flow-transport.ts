/**
 * What the data path sees of a data connection: flows, opened and accepted, each a byte stream with half-close,
 * reset and a byte window, or (UDP) a sequence of datagrams. Implemented by DataConnection; routers and tests code
 * against this.
 */

/** Who opened a flow, as the ingress router saw it. Names are known when the address is a pod's of that cluster. */
export interface FlowClient {
  readonly address: string
  readonly port: number
  readonly namespace?: string
  readonly pod?: string
  readonly serviceAccount?: string
  /** The IPv4 address of the whole clusterset that backends are to see. Believed only within its cluster's own block. */
  readonly globalAddress?: string
}

/** What one end has of the other's stream: where the other has to go on after a loss. */
export interface FlowPosition {
  /** Bytes received in order since the flow was opened. */
  readonly received: number
  /** The other's half-close was received, behind all its bytes. */
  readonly ended: boolean
}

/** A flow that outlives its data connection (ADR 9). */
export interface Resumable {
  /** Names the flow between two routers: 128 random bits as 32 lower-case hex digits. A secret: never logged. */
  readonly token: string
  /** Milliseconds both ends keep the flow after its connection was lost. */
  readonly graceMs: number
  /** Present when this resumes the flow of that token: what the opener has. Absent when it opens a new one. */
  readonly at?: FlowPosition
}

/** The router that opened a relayed flow. */
export interface FlowOrigin {
  readonly cluster: string
  /** The router process: its instance, 32 lower-case hex digits. */
  readonly router: string
  /** Its container id, which stays the same when it is restarted. */
  readonly name: string
}

/**
 * The word of the router that opened a relayed flow, for all that its request says of it (ADR 19). Relays carry it as it is.
 */
export interface FlowVoucher {
  /** When it was opened, milliseconds since 1970 by the clock of that router. */
  readonly time: number
  /** Counts what that router process has opened over relays. */
  readonly number: number
  /** DER in base64: the certificate of that router, then its authority where it has one. */
  readonly chain: readonly string[]
  /** The signature, base64. */
  readonly value: string
}

/** The way of a flow over relays, chosen by the router that opened it (ADR 14). Routers are named by their instances. */
export interface RelayedWay {
  /** Routers still ahead: first the one that gets this, last the one that the flow is for. At most MAX_HOPS. */
  readonly path: readonly string[]
  /** Routers that have passed it on, first the one next to the origin. */
  readonly travelled: readonly string[]
  /** The cluster that the flow is for. */
  readonly cluster: string
  readonly origin: FlowOrigin
  /** Absent: its router does not vouch for it, and no router takes it. */
  readonly voucher?: FlowVoucher
}

/** Opening message of a flow. Travels between clusters: untrusted when received. */
export interface FlowRequest {
  /** `namespace/name` of the exported Service. */
  readonly service: string
  readonly protocol: 'TCP' | 'UDP'
  /** The Service's port. */
  readonly port: number
  /** Id of the one endpoint of a headless Service that will do. Absent: any. */
  readonly endpoint?: string
  readonly client: FlowClient
  /** The clusterset IP and port the client named; absent when not known. */
  readonly destination?: { readonly address: string; readonly port: number }
  /** Absent: the flow ends with its data connection. */
  readonly resumable?: Resumable
  /** Present when it comes over relays. Absent: it is for the router at the other end of its data connection. */
  readonly relay?: RelayedWay
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
  /** A policy of the service does not let the client call it. */
  denied: 'fairlead:denied',
  /** A policy's limit of connections is reached. */
  overLimit: 'fairlead:over-limit',
  /** Exported, but no backend is ready. */
  noBackend: 'fairlead:no-backend',
  /** A bound of the router was reached. */
  overloaded: 'amqp:resource-limit-exceeded',
  /** The data connection under the flow was lost. */
  linkLost: 'fairlead:link-lost',
  /** The router process at the other end has ended: nothing of it can be resumed. Also why a data connection is closed. */
  stopped: 'fairlead:stopped',
  /** No flow of that token can be resumed here. */
  unknownFlow: 'fairlead:unknown-flow',
  /** A relay cannot pass the flow on, and nothing of it has: another path may do. */
  noRoute: 'fairlead:no-route',
  /** Over relays: no router of its cluster vouches for the flow as it arrived. Another path may do. */
  unvouched: 'fairlead:unvouched',
  /** The opening says what its sender may not say. */
  unauthorized: 'amqp:unauthorized-access',
  /** The cluster at one end was revoked: nothing goes on with it. */
  revoked: 'fairlead:revoked',
  /** Nothing was carried for as long as the policy allows. */
  idle: 'fairlead:idle-timeout',
} as const

/** Calls from the data connection to the owner of one end of a flow. None is made after onReset or onClosed. */
export interface FlowHandler {
  /** Opener only: the far side has its backend connection; or it resumes, and has what `position` says. */
  onAccept(position?: FlowPosition): void
  /**
   * Bytes from the far side, a view into a read buffer that is never reused: keep it without copying. With UDP one
   * whole datagram, which may be empty. Call `channel.consumed(n)` once they have been handed on, which opens the sender's window again.
   */
  onData(chunk: Buffer): void
  /** The far side has half-closed; no onData follows. */
  onEnd(): void
  /** The flow is gone in both directions. */
  onReset(error: FlowError): void
  /** `writable` is positive again after a write used it up. */
  onDrain(): void
  /** The far side has handed on this many more bytes of ours (at the latest some 100 ms after it did). Not with UDP. */
  onAcked(bytes: number): void
  /** The far side has received our half-close and handed on all before it; relays want to know. */
  onEndAcked?(): void
  /** Both ends were sent, received and acknowledged: nothing of the flow is on its way any more. */
  onClosed(): void
}

/** One end of a flow. Methods after the end or reset of that direction do nothing. */
export interface FlowChannel {
  readonly id: string
  /** Bytes the window (and the connection's own bound) allow to be written now; 0 or less: wait for onDrain. */
  readonly writable: number
  /**
   * Queues bytes; the buffer must not be changed afterwards. More than `writable` may be given (a socket read cannot be
   * split by the caller): the rest waits here until the window opens, and `writable` goes to 0 or below meanwhile.
   * With UDP each call is one datagram of at most 65,507 bytes; when too much waits the oldest are dropped.
   */
  write(chunk: Buffer): void
  /** Half-close after all written bytes. */
  end(): void
  /** Ends both directions at once; unsent bytes are dropped. */
  reset(error: FlowError): void
  /** The owner has handed on, or dropped, `bytes` of what onData gave; to be told also after the end. */
  consumed(bytes: number): void
  /**
   * Relays, on data connections: `bytes` more lie in the window of the next connection. They need room in this one's no
   * more, and are acknowledged by `consumed` once the far end has handed them on.
   */
  passed?(bytes: number): void
  /** The far side's half-close is not acknowledged before `endTaken` is called. Relays need it, on data connections. */
  holdEnd?(): void
  endTaken?(): void
  /** Acceptor only: the backend is connected; with a position the flow is resumed. */
  accept(position?: FlowPosition): void
  /** Datagrams dropped because they could not be sent in time; always 0 with TCP. */
  readonly dropped: number
  /** How often another data connection has taken it on; absent where none can. */
  readonly resumptions?: number
}

/** Decides about an incoming flow. Returns its handler; may call `channel.reset` before returning or later. */
export type FlowAcceptor = (request: FlowRequest, channel: FlowChannel) => FlowHandler

/** Something flows can be opened on. */
export interface FlowTransport {
  /** False once closed or closing. */
  readonly usable: boolean
  /** The far side takes no new flows, and goes on with those there are; it can still resume. */
  readonly draining: boolean
  /** Flows open now. */
  readonly openFlows: number
  /** Starts a flow without waiting: writes may follow at once. */
  open(request: FlowRequest, handler: (channel: FlowChannel) => FlowHandler): FlowChannel
}
