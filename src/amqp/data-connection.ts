/**
 * One AMQP 1.0 connection that carries flows: joins socket, parser, handshake, sessions and pump, and owns its life
 * from the protocol header to the close. Knows nothing of TLS, routing or what flows are for.
 */
import type { Duplex } from 'node:stream'
import type { Cancel } from '../core/clock.ts'
import { describeError } from '../core/errors.ts'
import type { ErrorInfo, Open } from './codec/performatives.ts'
import { type ConnectionConfig, type DataConnectionConfig, resolveConfig } from './engine/config.ts'
import type { CloseReason, DataConnectionDeps } from './engine/connection-deps.ts'
import { ConnectionParts } from './engine/connection-parts.ts'
import type { ConnectionCounters } from './engine/counters.ts'
import { Handshake } from './engine/handshake.ts'
import { Inbound, type InboundEvents } from './engine/inbound.ts'
import { KeepAlive } from './engine/keep-alive.ts'
import { bounded } from './engine/link.ts'
import { openOf, type Peer, peerOf } from './engine/peer.ts'
import { Sessions } from './engine/sessions.ts'
import { AmqpError, Condition, limitError } from './errors.ts'
import {
  type FlowChannel,
  FlowCondition,
  type FlowError,
  type FlowHandler,
  type FlowRequest,
  type FlowTransport,
} from './flow-transport.ts'
import { CLOSE_TIMEOUT_MS, HANDSHAKE_TIMEOUT_MS, MAX_AGREED_IDLE_MS, MAX_UNREAD_ANSWERS } from './limits.ts'

export type { DataConnectionConfig } from './engine/config.ts'
export type { CloseReason, DataConnectionDeps } from './engine/connection-deps.ts'

/** Runs on a connected socket, whose `allowHalfOpen` and buffer sizes are its maker's choice. */
export class DataConnection implements FlowTransport {
  /** Resolves when the connection stops being usable, after `onClose`. Never rejects. */
  readonly whenClosed: Promise<CloseReason>
  /** Resolves when its socket is closed too: what it had to say has been said. Never rejects. */
  readonly whenGone: Promise<void>
  readonly #resolveClosed: (reason: CloseReason) => void
  readonly #resolveGone: () => void
  readonly #socket: Duplex
  readonly #deps: DataConnectionDeps
  readonly #config: ConnectionConfig
  readonly #parts: ConnectionParts
  readonly #inbound: Inbound
  readonly #handshake: Handshake
  readonly #sessions: Sessions
  readonly #keepAlive: KeepAlive
  #state: 'opening' | 'open' | 'closing' | 'closed' = 'opening'
  #peer: Peer | undefined
  #peerDrains = false
  #peerStopped = false
  #deadline: Cancel = () => {}

  constructor(socket: Duplex, deps: DataConnectionDeps, config: DataConnectionConfig) {
    const closed = Promise.withResolvers<CloseReason>()
    this.whenClosed = closed.promise
    this.#resolveClosed = closed.resolve
    const gone = Promise.withResolvers<void>()
    this.whenGone = gone.promise
    this.#resolveGone = gone.resolve
    this.#socket = socket
    this.#deps = deps
    this.#config = resolveConfig(config)
    this.#parts = new ConnectionParts(socket, this.#partsDeps(), this.#config)
    this.#handshake = new Handshake(this.#config.side, this.#parts.outbox, openOf(this.#config))
    this.#greet()
    this.#sessions = new Sessions(this.#sessionDeps(), this.#config)
    this.#inbound = new Inbound(this.#events(), this.#handshake, this.#sessions, this.#config.maxFrameSize)
    this.#keepAlive = this.#watch()
  }

  /** Begins to read and write; flows may be opened before. */
  start(): void {
    const { clock } = this.#deps
    this.#deadline = clock.after(HANDSHAKE_TIMEOUT_MS, () => this.#fail(limitError('no open in time')))
    this.#keepAlive.start()
    this.#listen()
    this.#parts.pump.request()
  }

  get usable(): boolean {
    return this.#isLive && !this.#sessions.own.ended
  }

  get draining(): boolean {
    return this.#peerDrains
  }

  /** The peer has closed it because its process ends; known before the flows are told. */
  get peerStopped(): boolean {
    return this.#peerStopped
  }

  get counters(): ConnectionCounters {
    return this.#parts.counters
  }

  get openFlows(): number {
    return this.counters.openFlows
  }

  /** Bytes of flows not yet taken by the kernel. */
  get bufferedBytes(): number {
    return this.#parts.bufferedBytes
  }

  /** Known once its open came. */
  get peer(): Peer | undefined {
    return this.#peer
  }

  open(request: FlowRequest, handler: (channel: FlowChannel) => FlowHandler): FlowChannel {
    const flow = this.#sessions.own.open(request, handler)
    // From a task of its own: the caller may not be ready to hear of its flow before it has it.
    if (!this.usable) setImmediate(() => flow.lose(lost('the connection is closed')))
    return flow
  }

  /** Tells the peer that no new flows are wanted. Those there are go on, and others can be resumed here. */
  drain(): void {
    if (this.usable) this.#sessions.own.drain()
  }

  /** Resets the flows, tells the peer, and ends the socket within a bound. */
  close(why?: FlowError | string): void {
    const condition = Condition.connectionForced
    const error = typeof why === 'string' ? { condition, description: why } : why
    this.#shut({ origin: 'owner', condition, description: 'closed by the owner', ...error }, error)
  }

  get #isLive(): boolean {
    return this.#state === 'opening' || this.#state === 'open'
  }

  // Set-up

  /** A dialer does not wait for answers: header, open and begin leave together. */
  #greet(): void {
    if (this.#config.side === 'acceptor') return
    this.#handshake.sendHeader()
    this.#handshake.sendOpen()
  }

  #partsDeps() {
    const { clock, buffers } = this.#deps
    const onError = (error: unknown) => this.#fail(error)
    return { clock, buffers, onError, sendEcho: () => this.#sessions.own.sendEcho() }
  }

  #sessionDeps() {
    const { clock, logger, accept } = this.#deps
    const onDraining = () => this.#onDraining()
    return { parts: this.#parts, log: logger, accept, onDraining, now: () => clock.monotonic() }
  }

  #watch(): KeepAlive {
    const deps = {
      clock: this.#deps.clock,
      inbound: this.#inbound,
      outbound: this.counters,
      sendHeartbeat: () => this.#sendHeartbeat(),
      onSilence: (what: string) => this.#fail(limitError(`idle time-out: ${what}`)),
      onLook: () => this.#sessions.expire(),
    }
    return new KeepAlive(deps, this.#config.idleTimeoutMs)
  }

  #events(): InboundEvents {
    return {
      onHandshake: () => this.#parts.pump.request(),
      onOpen: (open) => this.#onOpen(open),
      onClose: (error) => this.#onClose(error),
    }
  }

  #listen(): void {
    this.#socket
      .on('data', (chunk: Buffer) => this.#onData(chunk))
      .on('drain', () => this.#parts.pump.resume())
      .on('end', () => this.#onSocketEnd())
      .on('error', (error: Error) => this.#onSocketGone(describeError(error)))
      .on('close', () => this.#onSocketClosed())
  }

  // Receiving

  #onData(chunk: Buffer): void {
    try {
      this.#inbound.push(chunk)
      if (this.#parts.outbox.buffered > MAX_UNREAD_ANSWERS) throw limitError('the peer does not read')
    } catch (error) {
      this.#fail(error)
    }
  }

  #onOpen(open: Open): void {
    if (this.#state !== 'opening') throw new AmqpError(Condition.notAllowed, 'open was sent twice')
    const peer = peerOf(open)
    this.#peer = peer
    this.#parts.outbox.maxFrameSize = peer.maxFrameSize
    this.#handshake.sendOpen()
    this.#parts.pump.request()
    this.#state = 'open'
    this.#deadline()
    if (peer.idleTimeOut !== undefined) this.#agree(peer.idleTimeOut)
    this.#sessions.onOpen(peer)
    this.#deps.onOpen?.(peer)
  }

  /** Who dials knows the line: a peer that wants to hear from us less often is not given up sooner than it gives us up. */
  #agree(peerIdleMs: number): void {
    this.#keepAlive.beat(peerIdleMs)
    if (this.#config.side === 'acceptor') this.#keepAlive.allow(Math.min(peerIdleMs, MAX_AGREED_IDLE_MS))
  }

  #onDraining(): void {
    if (this.#peerDrains) return
    this.#peerDrains = true
    this.#deps.onDraining?.()
  }

  #sendHeartbeat(): void {
    if (this.#state === 'open') this.#parts.heartbeat()
  }

  // Ending

  /** The peer's close: an answer to ours, or the end from its side. */
  #onClose(error: ErrorInfo | undefined): void {
    if (this.#isLive) {
      this.#peerStopped = error?.condition === FlowCondition.stopped
      const description = error?.description ?? 'the peer closed the connection'
      this.#shut({ origin: 'peer', condition: error?.condition ?? Condition.connectionForced, description })
    }
    this.#inbound.stop()
    this.#endSocket()
  }

  /** An error of the peer's doing, or a bug of ours: never more than this connection. */
  #fail(error: unknown): void {
    const isAmqp = error instanceof AmqpError
    const condition = isAmqp ? error.condition : Condition.internalError
    const description = isAmqp ? error.message : 'internal error'
    if (!isAmqp) this.#deps.logger.error({ error: describeError(error) }, 'data connection failed')
    this.#inbound.stop()
    if (this.#handshake.done)
      this.#shut({ origin: 'engine', condition, description }, { condition, description })
    else this.#abandon({ origin: 'engine', condition, description })
    this.#endSocket()
  }

  /** Leaves the usable states: resets the flows, sends close, tells the owner. */
  #shut(reason: CloseReason, error?: FlowError): void {
    if (!this.#isLive) return
    this.#leave(reason)
    this.#handshake.sendHeader()
    this.#handshake.sendOpen()
    this.#parts.outbox.frame(0, { kind: 'close', error: error && bounded(error) })
    this.#parts.outbox.flush()
    this.#deadline = this.#deps.clock.after(CLOSE_TIMEOUT_MS, () => this.#socket.destroy())
    this.#tellClosed(reason)
  }

  /** Leaves the usable states without a word to the peer. */
  #abandon(reason: CloseReason): void {
    if (!this.#isLive) return
    this.#leave(reason)
    this.#tellClosed(reason)
  }

  #tellClosed(reason: CloseReason): void {
    this.#deps.onClose?.(reason)
    this.#resolveClosed(reason)
  }

  #leave(reason: CloseReason): void {
    this.#state = 'closing'
    this.#inbound.closing = true
    this.#deadline()
    this.#keepAlive.stop()
    this.#sessions.lose(lost(reason.description))
    this.#parts.stop()
  }

  #endSocket(): void {
    this.#parts.outbox.flush()
    this.#socket.end()
    this.#deadline()
    this.#deadline = this.#deps.clock.after(CLOSE_TIMEOUT_MS, () => this.#socket.destroy())
  }

  /** Without a close before it, the end of the transport is a loss; with one, ours may still be on its way out. */
  #onSocketEnd(): void {
    if (this.#isLive) this.#onSocketGone('the peer ended the transport')
    else this.#endSocket()
  }

  #onSocketGone(description: string): void {
    this.#abandon({ origin: 'socket', ...lost(description) })
    this.#socket.destroy()
  }

  #onSocketClosed(): void {
    this.#abandon({ origin: 'socket', ...lost('the transport closed') })
    this.#state = 'closed'
    this.#deadline()
    this.#resolveGone()
  }
}

function lost(description: string): FlowError {
  return { condition: FlowCondition.linkLost, description }
}
