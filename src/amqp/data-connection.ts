/**
 * One AMQP 1.0 connection that carries flows: joins socket, parser, handshake, sessions and pump, and owns its life
 * from the protocol header to the close. Knows nothing of TLS, routing or what flows are for.
 */
import type { Duplex } from 'node:stream'
import type { Cancel } from '../core/clock.ts'
import { describeError } from '../core/errors.ts'
import { emptyFrame } from './codec/frame.ts'
import type { ErrorInfo, Open } from './codec/performatives.ts'
import { AckTimer } from './engine/ack-timer.ts'
import {
  type ConnectionConfig,
  type DataConnectionConfig,
  resolveConfig,
  windowPoolOf,
} from './engine/config.ts'
import type { CloseReason, DataConnectionDeps } from './engine/connection-deps.ts'
import { type ConnectionCounters, newCounters } from './engine/counters.ts'
import { Handshake } from './engine/handshake.ts'
import { Inbound, type InboundEvents } from './engine/inbound.ts'
import { KeepAlive } from './engine/keep-alive.ts'
import { bounded } from './engine/link.ts'
import { Outbox } from './engine/outbox.ts'
import { openOf, type Peer, peerOf } from './engine/peer.ts'
import { Pump } from './engine/pump.ts'
import { SendBudget } from './engine/send-budget.ts'
import { Sessions } from './engine/sessions.ts'
import type { WindowPool } from './engine/window-pool.ts'
import { AmqpError, Condition, limitError } from './errors.ts'
import {
  type FlowChannel,
  FlowCondition,
  type FlowError,
  type FlowHandler,
  type FlowRequest,
  type FlowTransport,
} from './flow-transport.ts'
import { CLOSE_TIMEOUT_MS, HANDSHAKE_TIMEOUT_MS, MAX_UNREAD_ANSWERS } from './limits.ts'

export type { DataConnectionConfig } from './engine/config.ts'
export type { CloseReason, DataConnectionDeps } from './engine/connection-deps.ts'

/** Runs on a connected socket, whose `allowHalfOpen` and buffer sizes are its maker's choice. */
export class DataConnection implements FlowTransport {
  readonly counters: ConnectionCounters = newCounters()
  /** Resolves when the connection stops being usable, after `onClose`. Never rejects. */
  readonly whenClosed: Promise<CloseReason>
  readonly #resolveClosed: (reason: CloseReason) => void
  readonly #socket: Duplex
  readonly #deps: DataConnectionDeps
  readonly #config: ConnectionConfig
  readonly #outbox: Outbox
  readonly #pump: Pump
  readonly #budget: SendBudget
  readonly #windows: WindowPool
  readonly #acks: AckTimer
  readonly #inbound: Inbound
  readonly #handshake: Handshake
  readonly #sessions: Sessions
  readonly #keepAlive: KeepAlive
  #state: 'opening' | 'open' | 'closing' | 'closed' = 'opening'
  #openSent = false
  #peer: Peer | undefined
  #deadline: Cancel = () => {}

  constructor(socket: Duplex, deps: DataConnectionDeps, config: DataConnectionConfig) {
    const closed = Promise.withResolvers<CloseReason>()
    this.whenClosed = closed.promise
    this.#resolveClosed = closed.resolve
    this.#socket = socket
    this.#deps = deps
    this.#config = resolveConfig(config)
    this.#outbox = new Outbox(socket)
    this.#budget = new SendBudget(this.#config.maxBufferedBytes)
    this.#windows = windowPoolOf(this.#config)
    this.#acks = new AckTimer(deps.clock)
    this.#pump = new Pump(this.#outbox, this.#budget, this.counters, (error) => this.#fail(error))
    this.#handshake = new Handshake(this.#config.side, this.#outbox)
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
    this.#pump.request()
  }

  get usable(): boolean {
    return this.#isLive && !this.#sessions.own.ended
  }

  get draining(): boolean {
    return false
  }

  get openFlows(): number {
    return this.counters.openFlows
  }

  /** Bytes of flows not yet taken by the kernel. */
  get bufferedBytes(): number {
    return this.#budget.used + this.#outbox.buffered
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
    this.#sendOpen()
  }

  #sendOpen(): void {
    if (this.#openSent) return
    this.#openSent = true
    this.#outbox.frame(0, openOf(this.#config))
  }

  #sessionDeps() {
    const { clock, logger, accept } = this.#deps
    return {
      log: logger,
      accept,
      outbox: this.#outbox,
      pump: this.#pump,
      budget: this.#budget,
      windows: this.#windows,
      acks: this.#acks,
      counters: this.counters,
      now: () => clock.monotonic(),
    }
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
      onHandshake: () => this.#pump.request(),
      onOpen: (open) => this.#onOpen(open),
      onClose: (error) => this.#onClose(error),
    }
  }

  #listen(): void {
    this.#socket
      .on('data', (chunk: Buffer) => this.#onData(chunk))
      .on('drain', () => this.#pump.resume())
      .on('end', () => this.#onSocketEnd())
      .on('error', (error: Error) => this.#onSocketGone(describeError(error)))
      .on('close', () => this.#onSocketClosed())
  }

  // Receiving

  #onData(chunk: Buffer): void {
    try {
      this.#inbound.push(chunk)
      if (this.#outbox.buffered > MAX_UNREAD_ANSWERS) throw limitError('the peer does not read')
    } catch (error) {
      this.#fail(error)
    }
  }

  #onOpen(open: Open): void {
    if (this.#state !== 'opening') throw new AmqpError(Condition.notAllowed, 'open was sent twice')
    const peer = peerOf(open)
    this.#peer = peer
    this.#outbox.maxFrameSize = peer.maxFrameSize
    this.#sendOpen()
    this.#pump.request()
    this.#state = 'open'
    this.#deadline()
    if (peer.idleTimeOut !== undefined) this.#keepAlive.beat(peer.idleTimeOut)
    this.#sessions.onOpen(peer)
    this.#deps.onOpen?.(peer)
  }

  #sendHeartbeat(): void {
    if (this.#state !== 'open') return
    this.#outbox.raw(emptyFrame())
    this.#pump.request()
  }

  // Ending

  /** The peer's close: an answer to ours, or the end from its side. */
  #onClose(error: ErrorInfo | undefined): void {
    if (this.#isLive) {
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
    this.#sendOpen()
    this.#outbox.frame(0, { kind: 'close', error: error && bounded(error) })
    this.#outbox.flush()
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
    this.#acks.stop()
    this.#pump.clear()
  }

  #endSocket(): void {
    this.#outbox.flush()
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
    this.#abandon({ origin: 'socket', condition: FlowCondition.linkLost, description })
    this.#socket.destroy()
  }

  #onSocketClosed(): void {
    this.#abandon({
      origin: 'socket',
      condition: FlowCondition.linkLost,
      description: 'the transport closed',
    })
    this.#state = 'closed'
    this.#deadline()
  }
}

function lost(description: string): FlowError {
  return { condition: FlowCondition.linkLost, description }
}
