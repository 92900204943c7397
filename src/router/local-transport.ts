/**
 * A transport that stays inside the router: flows to backends of the own cluster take the same path as all others.
 */
import type {
  FlowAcceptor,
  FlowChannel,
  FlowError,
  FlowHandler,
  FlowPosition,
  FlowRequest,
  FlowTransport,
} from '../amqp/flow-transport.ts'
import { LOCAL_DATAGRAMS, LOCAL_WINDOW_BYTES } from './limits.ts'

/** What travels from one end to the other. */
type Message =
  | { readonly kind: 'data'; readonly chunk: Buffer }
  | { readonly kind: 'reset'; readonly error: FlowError }
  | { readonly kind: 'accept'; readonly position: FlowPosition | undefined }
  | { readonly kind: 'acked'; readonly bytes: number }
  | { readonly kind: 'end' | 'drain' }

/** Joins what is opened on it with flows of `acceptor`. */
export class LocalTransport implements FlowTransport {
  readonly usable = true
  readonly draining = false
  readonly #acceptor: FlowAcceptor
  readonly #window: number
  #opened = 0
  #open = 0

  constructor(acceptor: FlowAcceptor, window = LOCAL_WINDOW_BYTES) {
    this.#acceptor = acceptor
    this.#window = window
  }

  get openFlows(): number {
    return this.#open
  }

  open(request: FlowRequest, handler: (channel: FlowChannel) => FlowHandler): FlowChannel {
    this.#opened += 1
    this.#open += 1
    const isStream = request.protocol === 'TCP'
    const near = new LocalChannel(`local-${this.#opened}`, this.#window, isStream)
    const far = new LocalChannel(near.id, this.#window, isStream)
    near.join(far, () => {
      this.#open -= 1
    })
    near.handler = handler(near)
    queueMicrotask(() => far.take((channel) => this.#acceptor(request, channel)))
    return near
  }
}

/** One end of a joined pair. Messages are delivered in order, each from a microtask of its own batch. */
class LocalChannel implements FlowChannel {
  readonly id: string
  dropped = 0
  handler: FlowHandler | undefined
  #peer: LocalChannel | undefined
  #onClosed: () => void = () => {}
  readonly #window: number
  /** Else datagrams: nothing waits for credit, the oldest are dropped instead. */
  readonly #isStream: boolean
  #credit: number
  #inbox: Message[] = []
  /** Data in the inbox. */
  #pieces = 0
  #bytes = 0
  #delivering = false
  #ended = false
  #peerEnded = false
  #closed = false

  constructor(id: string, window: number, isStream: boolean) {
    this.id = id
    this.#window = window
    this.#credit = window
    this.#isStream = isStream
  }

  /** Makes this and `peer` the two ends of one flow; `closed` is called once when it is over. */
  join(peer: LocalChannel, closed: () => void): void {
    this.#peer = peer
    peer.#peer = this
    this.#onClosed = closed
  }

  /** Gives the far end its handler, and then what has come meanwhile. */
  take(accept: (channel: FlowChannel) => FlowHandler): void {
    if (this.#closed) return
    this.handler = accept(this)
    this.#deliver()
  }

  get writable(): number {
    return this.#credit
  }

  write(chunk: Buffer): void {
    if (this.#ended || this.#closed) return
    if (this.#isStream) this.#credit -= chunk.length
    else if (this.#peer !== undefined) this.dropped += this.#peer.#makeRoomFor(chunk)
    this.#send({ kind: 'data', chunk })
  }

  /** Drops the oldest datagrams that wait; how many. */
  #makeRoomFor({ length }: Buffer): number {
    const before = this.#pieces
    while (this.#pieces >= LOCAL_DATAGRAMS || (this.#pieces > 0 && this.#bytes + length > this.#window)) {
      this.#dropOldest()
    }
    return before - this.#pieces
  }

  #dropOldest(): void {
    const index = this.#inbox.findIndex(({ kind }) => kind === 'data')
    const [oldest] = this.#inbox.splice(index, 1)
    this.#pieces -= 1
    if (oldest?.kind === 'data') this.#bytes -= oldest.chunk.length
  }

  end(): void {
    if (this.#ended || this.#closed) return
    this.#ended = true
    this.#send({ kind: 'end' })
    this.#closeIfOver()
  }

  reset(error: FlowError): void {
    if (this.#closed) return
    this.#send({ kind: 'reset', error })
    this.#close()
  }

  consumed(bytes: number): void {
    if (this.#isStream && this.#peer !== undefined) this.#peer.#grant(bytes)
  }

  accept(position?: FlowPosition): void {
    if (!this.#closed) this.#send({ kind: 'accept', position })
  }

  #grant(bytes: number): void {
    const wasStopped = this.#credit <= 0
    this.#credit += bytes
    this.#receive({ kind: 'acked', bytes })
    if (wasStopped && this.#credit > 0) this.#receive({ kind: 'drain' })
  }

  #send(message: Message): void {
    if (this.#peer !== undefined) this.#peer.#receive(message)
  }

  #receive(message: Message): void {
    if (this.#closed) return
    this.#inbox.push(message)
    if (message.kind === 'data') {
      this.#pieces += 1
      this.#bytes += message.chunk.length
    }
    if (this.#delivering || this.handler === undefined) return
    this.#delivering = true
    queueMicrotask(() => this.#deliver())
  }

  #deliver(): void {
    this.#delivering = false
    const { handler } = this
    if (handler === undefined) return
    const messages = this.#inbox
    this.#inbox = []
    this.#pieces = 0
    this.#bytes = 0
    for (const message of messages) {
      if (this.#closed) return
      this.#handle(handler, message)
    }
  }

  #handle(handler: FlowHandler, message: Message): void {
    switch (message.kind) {
      case 'data':
        handler.onData(message.chunk)
        break
      case 'accept':
        handler.onAccept(message.position)
        break
      case 'acked':
        handler.onAcked(message.bytes)
        break
      case 'drain':
        handler.onDrain()
        break
      case 'end':
        this.#peerEnded = true
        handler.onEnd()
        this.#closeIfOver()
        break
      case 'reset':
        this.#close()
        handler.onReset(message.error)
    }
  }

  #closeIfOver(): void {
    if (!this.#ended || !this.#peerEnded) return
    this.#close()
    this.handler?.onClosed()
  }

  #close(): void {
    this.#closed = true
    this.#inbox = []
    const closed = this.#onClosed
    this.#onClosed = () => {}
    closed()
  }
}
