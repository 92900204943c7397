/**
 * Messages over AMQP 1.0: one connection, one session, one link each way, settled by the receiver, credit given one by
 * one as messages are worked off. The only importer of rhea. Knows bytes, not what they mean.
 */
import type { Duplex } from 'node:stream'
import rhea, { type Connection, type EventContext, type Sender } from 'rhea'
import type { Cancel, Clock } from '../core/clock.ts'
import { describeError, type FairleadError } from '../core/errors.ts'
import { Condition, LinkLostError, ViolationError } from './errors.ts'
import { GuardedSocket } from './guarded-socket.ts'
import {
  CLOSE_GRACE_MS,
  CONTROL_CREDIT,
  IDLE_TIMEOUT_MS,
  MAX_CONTROL_FRAME,
  SOCKET_HIGH_WATER,
} from './limits.ts'

/** Which side attaches the links; the other answers. */
export type Side = 'dialer' | 'acceptor'

export interface ControlChannelHandlers {
  /** One message. Throwing ViolationError closes the connection with its condition. */
  onMessage(bytes: Buffer): void
  /** The peer takes messages again (or for the first time). */
  onWritable(): void
  /** The connection is gone; called once, with why. */
  onClosed(error: FairleadError): void
}

/** Names both ends know; the direction is seen from the dialer. */
const LINK_NAMES = { out: 'fairlead-control-out', in: 'fairlead-control-in' } as const
const ADDRESS = 'fairlead-control'

/** One control connection on an authenticated socket. */
export class ControlChannel {
  readonly #clock: Clock
  readonly #socket: Duplex
  readonly #guarded: GuardedSocket
  readonly #handlers: ControlChannelHandlers
  readonly #connection: Connection
  /** By delivery id; no more than the peer's credit and the session's window allow. */
  readonly #unaccepted = new Map<number, () => void>()
  #sender: Sender | undefined
  #cause: FairleadError | undefined
  #closing: Cancel | undefined
  #closed = false

  constructor(
    clock: Clock,
    socket: Duplex,
    side: Side,
    containerId: string,
    handlers: ControlChannelHandlers,
  ) {
    this.#clock = clock
    this.#socket = socket
    this.#handlers = handlers
    this.#guarded = new GuardedSocket(socket, (error) => this.#violated(error))
    this.#connection = this.#createConnection(containerId)
    socket.on('drain', () => this.#notifyWritable())
    socket.once('close', () => this.#onSocketClose())
    this.#listen()
    this.#connection.connect()
    if (side === 'dialer') this.#attachLinks()
  }

  /** The peer has given credit and takes what we send. */
  get writable(): boolean {
    const sender = this.#sender
    return (
      this.#closing === undefined &&
      sender?.is_open() === true &&
      sender.sendable() &&
      this.#socket.writableLength < SOCKET_HIGH_WATER
    )
  }

  /** Bytes read so far. */
  get bytesRead(): number {
    return this.#guarded.bytesRead
  }

  /** Sends one message; only when there is credit (`writable`). `onAccepted` is called when the peer has worked it off. */
  send(bytes: Buffer, onAccepted?: () => void): void {
    const delivery = this.#sender?.send({ body: rhea.message.data_section(bytes) })
    if (delivery !== undefined && onAccepted !== undefined) this.#unaccepted.set(delivery.id, onAccepted)
  }

  /** Closes the AMQP connection, with an error condition when the peer is to blame, then the socket. */
  close(cause: FairleadError, condition?: Condition): void {
    if (this.#closing !== undefined || this.#closed) return
    this.#cause ??= cause
    this.#closing = this.#clock.after(CLOSE_GRACE_MS, () => this.#socket.destroy())
    this.#connection.close(
      condition === undefined ? undefined : { condition, description: cause.message.slice(0, 500) },
    )
  }

  /** Drops the connection at once, without a word to a peer that does not listen anyway. */
  destroy(cause: FairleadError): void {
    this.#cause ??= cause
    this.#socket.destroy()
  }

  /** Both sides run rhea as a client on an open socket: AMQP opens from both ends at once, which saves a round trip. */
  #createConnection(containerId: string): Connection {
    const connect = (_port: number, _host: string, _options: unknown, connected: () => void) => {
      process.nextTick(connected)
      return this.#guarded
    }
    return rhea.create_container({ id: containerId }).create_connection({
      port: 0,
      host: '',
      container_id: containerId,
      connection_details: () => ({ port: 0, host: '', connect }),
      reconnect: false,
      max_frame_size: MAX_CONTROL_FRAME,
      channel_max: 0,
      idle_time_out: IDLE_TIMEOUT_MS,
      session_buffer_size: CONTROL_CREDIT * 4,
      sender_options: { source: ADDRESS, target: ADDRESS },
      receiver_options: { credit_window: 0, autoaccept: false, source: ADDRESS, target: ADDRESS },
    })
  }

  #attachLinks(): void {
    this.#connection.open_sender({ name: LINK_NAMES.out, source: ADDRESS, target: ADDRESS })
    this.#connection.open_receiver({ name: LINK_NAMES.in, source: ADDRESS, target: ADDRESS })
  }

  /** Every event that rhea would otherwise throw, print or lose ends the connection. */
  #listen(): void {
    const connection = this.#connection
    connection.on('sender_open', ({ sender }: EventContext) => this.#onSenderOpen(sender))
    connection.on('receiver_open', ({ receiver }: EventContext) => receiver?.add_credit(CONTROL_CREDIT))
    connection.on('sendable', () => this.#notifyWritable())
    connection.on('accepted', ({ delivery }: EventContext) => this.#onAccepted(delivery?.id))
    connection.on('settled', ({ delivery }: EventContext) => this.#unaccepted.delete(delivery?.id ?? -1))
    connection.on('message', (context: EventContext) => this.#onMessage(context))
    connection.on('disconnected', ({ error }: EventContext) => this.#lost(error))
    connection.on('protocol_error', (error: unknown) => this.#violated(error))
    connection.on('error', (error: unknown) => this.#violated(error))
    for (const event of ['connection', 'session', 'sender', 'receiver'] as const) {
      connection.on(`${event}_error`, () => {})
      connection.on(`${event}_close`, (context: EventContext) => this.#peerClosed(context))
    }
  }

  #onSenderOpen(sender: Sender | undefined): void {
    this.#sender = sender
    if (this.writable) this.#notifyWritable()
  }

  #onAccepted(id: number | undefined): void {
    if (id === undefined) return
    const onAccepted = this.#unaccepted.get(id)
    this.#unaccepted.delete(id)
    onAccepted?.()
  }

  #onMessage({ message, delivery, receiver }: EventContext): void {
    const content: unknown = message?.body?.content
    if (!Buffer.isBuffer(content)) {
      this.#violated(new ViolationError(Condition.invalidField, 'message without a data section'))
      return
    }
    try {
      this.#handlers.onMessage(content)
      delivery?.accept()
      receiver?.add_credit(1)
    } catch (error) {
      this.#violated(error)
    }
  }

  #notifyWritable(): void {
    if (this.writable) this.#handlers.onWritable()
  }

  /** Anything thrown while reading the peer's bytes is the peer's fault and ends the session. */
  #violated(error: unknown): void {
    const violation =
      error instanceof ViolationError
        ? error
        : new ViolationError(Condition.notAllowed, `protocol error: ${describeError(error)}`, {
            cause: error,
          })
    this.close(violation, violation.condition)
  }

  #peerClosed({ connection, session, sender, receiver }: EventContext): void {
    const error = receiver?.error ?? sender?.error ?? session?.error ?? connection.error
    const why = error === undefined ? 'without an error' : describeAmqpError(error)
    this.close(new LinkLostError(`the peer closed the session ${why}`))
  }

  #lost(error: unknown): void {
    const options = error === undefined ? {} : { cause: error }
    this.#cause ??= new LinkLostError('the connection was lost', options)
    this.#socket.destroy()
  }

  #onSocketClose(): void {
    if (this.#closed) return
    this.#closed = true
    this.#closing?.()
    this.#handlers.onClosed(this.#cause ?? new LinkLostError('the connection was closed'))
  }
}

function describeAmqpError(error: { condition?: string; description?: string } | Error): string {
  const { condition, description } = error as { condition?: string; description?: string }
  return `with ${condition ?? 'an error'}: ${(description ?? '').slice(0, 500)}`
}
