/**
 * Raw connections in memory whose messages move only when a test says so: they can be delayed, lost at one end before
 * the other, and delivered late. They keep the contract of src/amqp/flow-transport.ts as a data connection does.
 */
import {
  type FlowChannel,
  FlowCondition,
  type FlowError,
  type FlowHandler,
  type FlowPosition,
  type FlowRequest,
} from '../../src/amqp/flow-transport.ts'
import type { RawConnection, RemoteProcess } from '../../src/router/resume/raw-connection.ts'

type Message =
  | { readonly kind: 'open'; readonly request: FlowRequest }
  | { readonly kind: 'accept'; readonly position: FlowPosition | undefined }
  | { readonly kind: 'data'; readonly chunk: Buffer }
  | { readonly kind: 'room' | 'acked'; readonly bytes: number }
  | { readonly kind: 'end' | 'end-acked' }
  | { readonly kind: 'reset'; readonly error: FlowError }

interface Envelope {
  readonly flow: number
  readonly message: Message
}

export interface RawLineOptions {
  /** Bytes a flow may be ahead of its reader. */
  readonly window: number
  /** What each end takes the other for. */
  readonly westSees: RemoteProcess
  readonly eastSees: RemoteProcess
}

/** One connection: two ends and what is on its way between them. */
export class RawLine {
  readonly west: RawLineEnd
  readonly east: RawLineEnd

  constructor({ window, westSees, eastSees }: RawLineOptions) {
    this.west = new RawLineEnd(window, westSees)
    this.east = new RawLineEnd(window, eastSees)
    this.west.far = this.east
    this.east.far = this.west
  }

  /** Delivers all there is, both ways; false when there was nothing. */
  deliverAll(): boolean {
    let moved = false
    while (this.west.deliver() || this.east.deliver()) moved = true
    return moved
  }
}

/** One end. `deliver` takes the next message that came for it. */
export class RawLineEnd implements RawConnection {
  readonly peer: RemoteProcess
  far: RawLineEnd | undefined
  accept: (request: FlowRequest, channel: FlowChannel) => FlowHandler = refuse
  onLost: () => void = () => {}
  draining = false
  /** It has no room for another flow. */
  full = false
  /** The far process has said that it ends, before the flows hear that the line is gone. */
  peerStopped = false
  readonly #window: number
  readonly #flows = new Map<number, RawEnd>()
  readonly #inbox: Envelope[] = []
  #usable = true
  #opened = 0

  constructor(window: number, peer: RemoteProcess) {
    this.#window = window
    this.peer = peer
  }

  get usable(): boolean {
    return this.#usable
  }

  get openFlows(): number {
    return this.#flows.size
  }

  get waiting(): number {
    return this.#inbox.length
  }

  open(request: FlowRequest, handler: (channel: FlowChannel) => FlowHandler): FlowChannel {
    this.#opened += 1
    const flow = this.#add(this.#opened)
    flow.handler = handler(flow)
    if (this.full) this.#inbox.push({ flow: this.#opened, message: { kind: 'reset', error: FULL } })
    else this.post(this.#opened, { kind: 'open', request })
    return flow
  }

  /** What one end sends goes with it when it is lost; what it has sent may still arrive. */
  post(flow: number, message: Message): void {
    if (this.#usable) this.far?.receive({ flow, message })
  }

  receive(envelope: Envelope): void {
    if (this.#usable) this.#inbox.push(envelope)
  }

  deliver(): boolean {
    const next = this.#inbox.shift()
    if (next === undefined || !this.#usable) return false
    this.#handle(next)
    return true
  }

  /** This end finds that the connection is gone. */
  lose(): void {
    if (!this.#usable) return
    this.#usable = false
    this.#inbox.length = 0
    const error = { condition: FlowCondition.linkLost, description: 'lost' }
    for (const flow of [...this.#flows.values()]) flow.on({ kind: 'reset', error })
    this.onLost()
  }

  close(): void {
    this.lose()
  }

  forget(flow: number): void {
    this.#flows.delete(flow)
  }

  #add(id: number): RawEnd {
    const flow = new RawEnd(this, id, this.#window)
    this.#flows.set(id, flow)
    return flow
  }

  #handle({ flow: id, message }: Envelope): void {
    if (message.kind !== 'open') {
      this.#flows.get(id)?.on(message)
      return
    }
    const flow = this.#add(id)
    const handler = this.accept(message.request, flow)
    if (flow.handler === undefined) flow.handler = handler
  }
}

const FULL: FlowError = { condition: FlowCondition.overloaded, description: 'no handle is free' }

function refuse(_request: FlowRequest, channel: FlowChannel): FlowHandler {
  channel.reset({ condition: FlowCondition.notExported, description: 'nothing here' })
  throw new Error('not reached in these tests')
}

/** One end of a raw flow. Only the west opens, so ids need no side. */
class RawEnd implements FlowChannel {
  readonly id: string
  readonly dropped = 0
  handler: FlowHandler | undefined
  readonly #line: RawLineEnd
  readonly #flow: number
  #room: number
  #queue: Buffer[] = []
  #stopped = false
  #ending = false
  #endSent = false
  #endAcked = false
  #farEnded = false
  #farEndAnswered = false
  #endHeld = false
  #unconsumed = 0
  /** Of those, bytes that need no room any more. */
  #passed = 0
  #over = false

  constructor(line: RawLineEnd, flow: number, window: number) {
    this.#line = line
    this.#flow = flow
    this.#room = window
    this.id = `raw-${flow}`
  }

  get writable(): number {
    const room = this.#over || this.#ending ? 0 : this.#room - this.#waiting
    this.#stopped = room <= 0
    return room
  }

  get #waiting(): number {
    return this.#queue.reduce((sum, { length }) => sum + length, 0)
  }

  write(chunk: Buffer): void {
    if (this.#over || this.#ending) return
    this.#queue.push(chunk)
    this.#flush()
    if (this.#room <= 0) this.#stopped = true
  }

  end(): void {
    if (this.#over || this.#ending) return
    this.#ending = true
    this.#flush()
  }

  reset(error: FlowError): void {
    if (this.#over) return
    this.#send({ kind: 'reset', error })
    this.#finish()
  }

  consumed(bytes: number): void {
    if (bytes > this.#unconsumed) throw new Error(`${bytes} consumed of ${this.#unconsumed}`)
    this.#unconsumed -= bytes
    const known = Math.min(bytes, this.#passed)
    this.#passed -= known
    if (this.#over) return
    if (bytes > known) this.#send({ kind: 'room', bytes: bytes - known })
    this.#send({ kind: 'acked', bytes })
    this.#answerEnd()
  }

  passed(bytes: number): void {
    this.#passed += bytes
    if (this.#passed > this.#unconsumed) throw new Error(`${this.#passed} passed on of ${this.#unconsumed}`)
    if (!this.#over) this.#send({ kind: 'room', bytes })
  }

  holdEnd(): void {
    this.#endHeld = true
  }

  endTaken(): void {
    this.#endHeld = false
    this.#answerEnd()
  }

  accept(position?: FlowPosition): void {
    if (!this.#over) this.#send({ kind: 'accept', position })
  }

  on(message: Message): void {
    const { handler } = this
    if (this.#over || handler === undefined) return
    switch (message.kind) {
      case 'accept':
        handler.onAccept(message.position)
        break
      case 'data':
        this.#unconsumed += message.chunk.length
        handler.onData(message.chunk)
        break
      case 'room':
        this.#onRoom(handler, message.bytes)
        break
      case 'acked':
        handler.onAcked(message.bytes)
        break
      case 'end':
        this.#farEnded = true
        handler.onEnd()
        this.#answerEnd()
        break
      case 'end-acked':
        this.#endAcked = true
        handler.onEndAcked?.()
        this.#checkClosed()
        break
      case 'reset':
        this.#finish()
        handler.onReset(message.error)
    }
  }

  #onRoom(handler: FlowHandler, bytes: number): void {
    this.#room += bytes
    this.#flush()
    if (this.#stopped && this.writable > 0) handler.onDrain()
  }

  /** As AMQP's detach is answered once everything before it was handed on. */
  #answerEnd(): void {
    if (this.#over || this.#endHeld || !this.#farEnded) return
    if (this.#farEndAnswered || this.#unconsumed > 0) return
    this.#farEndAnswered = true
    this.#send({ kind: 'end-acked' })
    this.#checkClosed()
  }

  #checkClosed(): void {
    if (this.#over || !this.#endAcked || !this.#farEndAnswered) return
    this.#finish()
    this.handler?.onClosed()
  }

  #flush(): void {
    while (this.#room > 0 && this.#queue.length > 0) this.#sendFirst()
    if (!this.#ending || this.#endSent || this.#queue.length > 0) return
    this.#endSent = true
    this.#send({ kind: 'end' })
  }

  #sendFirst(): void {
    const chunk = this.#queue.shift()
    if (chunk === undefined) return
    const part = chunk.subarray(0, this.#room)
    if (part.length < chunk.length) this.#queue.unshift(chunk.subarray(part.length))
    this.#room -= part.length
    this.#send({ kind: 'data', chunk: part })
  }

  #send(message: Message): void {
    this.#line.post(this.#flow, message)
  }

  #finish(): void {
    this.#over = true
    this.#queue = []
    this.#line.forget(this.#flow)
  }
}
