/**
 * One end of a flow: moves bytes, half-closes and resets between a TCP socket and a flow channel, with byte
 * back-pressure both ways. Knows nothing of how either was found; the two sides (ingress, egress) extend it.
 */
import type { Socket } from 'node:net'
import {
  type FlowChannel,
  FlowCondition,
  type FlowError,
  type FlowHandler,
  type FlowRequest,
} from '../amqp/flow-transport.ts'
import type { Clock } from '../core/clock.ts'
import { errorCode } from '../core/errors.ts'
import { SmallPieces } from '../core/small-pieces.ts'
import type { Deadlines } from './deadlines.ts'
import { askedFor, type FlowRecord } from './flow-log.ts'
import type { EndableFlow, FlowRegistry } from './flow-registry.ts'
import { endSocket, probeSocket, resetSocket, type SocketOwner, whenWritten } from './flow-socket.ts'
import type { FlowStats } from './flow-stats.ts'
import type { Flushable, TurnBatch } from './turn-batch.ts'

/** What every flow end shares with the others. */
export interface FlowEndDeps {
  readonly clock: Clock
  readonly batch: TurnBatch
  readonly flows: FlowRegistry
  /** Flows that stopped reading, for a while or for long. */
  readonly stalled: Deadlines<FlowEnd>
  readonly stats: FlowStats
}

/** How a flow ended: `finished`, or the error that reset it. */
export type FlowEnding = 'finished' | FlowError

/** Who ended it: this end's socket, the other end's, or a router. */
export type FlowEnder = 'socket' | 'channel' | 'router'

export abstract class FlowEnd implements FlowHandler, SocketOwner, EndableFlow, Flushable {
  /** Bytes read from the socket and given to it. */
  protected fromSocket = 0
  protected toSocket = 0
  readonly #startedAt: number
  /** When the first bytes were read from the socket and given to it; 0 while none were. Monotonic, as all of these. */
  protected firstRead = 0
  protected firstWritten = 0
  /** When a backend had it; 0 while none has. */
  protected connectedAt = 0
  protected channel: FlowChannel | undefined
  /** Undefined until it is connected. */
  protected socket: Socket | undefined
  /** The socket's peer half-closed. */
  protected sourceEnded = false
  /** Reading waits for more than the channel's window. */
  protected readingHeld = false
  readonly #deps: FlowEndDeps
  /** What the channel gave and the socket was not yet given. */
  #gathered: Buffer[] = []
  #gatheredBytes = 0
  #small: SmallPieces | undefined
  /** Given to the socket, and more than the kernel took: consumed once it did. */
  #draining = 0
  #farEnded = false
  /** Whose half-close came first. */
  #endedFirst: FlowEnder = 'router'
  /** Goes to the socket before all else, and is no part of the flow. */
  #header: Buffer | undefined
  #batched = false
  #closed = false

  /** `owner` is who the flow is counted for: a client, or a cluster. */
  constructor(deps: FlowEndDeps, owner: string) {
    this.#deps = deps
    this.#startedAt = deps.clock.monotonic()
    deps.flows.add(this, owner)
    deps.stats.open += 1
    deps.stats.opened += 1
  }

  protected get closed(): boolean {
    return this.#closed
  }

  /** Bytes carried, both ways. */
  get activity(): number {
    return this.fromSocket + this.toSocket
  }

  /** The socket is connected: `header`, which counts as nobody's bytes, and what was gathered for it may go. */
  protected attach(socket: Socket, header?: Buffer): void {
    this.socket = socket
    this.#header = header
    if (this.#gatheredBytes > 0 || this.#farEnded || header !== undefined) this.#putInBatch()
  }

  /** A backend has the flow. */
  protected markConnected(): void {
    this.connectedAt = this.#deps.clock.monotonic()
    this.#deps.stats.connected(this.connectedAt - this.#startedAt)
  }

  // The channel's side

  onAccept(): void {}

  onData(chunk: Buffer): void {
    this.#gather(chunk)
    this.#gatheredBytes += chunk.length
    if (!this.#batched) this.#putInBatch()
  }

  #gather(chunk: Buffer): void {
    const gathered = this.#gathered
    const last = gathered.at(-1)
    if (last === undefined) {
      gathered.push(chunk)
      return
    }
    this.#small ??= new SmallPieces()
    const extended = this.#small.extend(last, chunk)
    if (extended === undefined) gathered.push(this.#small.keep(chunk))
    else gathered[gathered.length - 1] = extended
  }

  onEnd(): void {
    this.#farEnded = true
    if (!this.sourceEnded) this.#endedFirst = 'channel'
    if (!this.#batched) this.#putInBatch()
  }

  onReset(error: FlowError): void {
    this.abortSocket()
    this.finish(error, error.condition === FlowCondition.reset ? 'channel' : 'router')
  }

  onDrain(): void {
    if (!this.readingHeld) this.socket?.resume()
  }

  onAcked(): void {}

  onClosed(): void {}

  // The socket's side

  socketConnected(): void {}

  socketData(chunk: Buffer): void {
    const { channel } = this
    if (channel === undefined) return
    if (this.fromSocket === 0) this.firstRead = this.#deps.clock.monotonic()
    this.fromSocket += chunk.length
    this.#deps.stats.receivedBytes += chunk.length
    channel.write(chunk)
    if (channel.writable <= 0) this.stopReading()
  }

  /** Until onDrain, or until its owner resumes the socket. */
  protected stopReading(): void {
    this.socket?.pause()
    this.#deps.stalled.add(this)
  }

  /** It stopped reading a while ago: a reset that came since is still to be noticed. */
  probe(): void {
    if (this.#closed || this.socket?.isPaused() !== true) return
    probeSocket(this.socket)
    this.#deps.stalled.add(this)
  }

  socketEnded(): void {
    this.sourceEnded = true
    if (!this.#farEnded) this.#endedFirst = 'socket'
    this.channel?.end()
  }

  socketDrained(): void {
    const bytes = this.#draining
    this.#draining = 0
    if (bytes > 0) this.channel?.consumed(bytes)
    if (!this.#batched) this.flush()
  }

  socketFailed(error: Error): void {
    this.#endBySocket(errorCode(error) ?? error.message)
  }

  socketClosed(): void {
    if (this.sourceEnded && this.#farEnded) this.finish('finished', this.#endedFirst)
    else this.#endBySocket('closed')
  }

  #endBySocket(cause: string): void {
    const error = { condition: FlowCondition.reset, description: `connection lost: ${cause}` }
    this.channel?.reset(error)
    this.finish(error, 'socket')
  }

  // Writing, once per turn of the event loop

  #putInBatch(): void {
    this.#batched = true
    this.#deps.batch.add(this)
  }

  /** Gives the socket all that was gathered, unless it is still busy with what it has. */
  flush(): void {
    this.#batched = false
    const { socket } = this
    if (this.#closed || socket === undefined || this.#draining > 0) return
    if (this.#gatheredBytes > 0 || this.#header !== undefined) this.#writeGathered(socket)
    if (this.#farEnded) endSocket(socket)
  }

  #writeGathered(socket: Socket): void {
    const pieces = this.#gathered
    const bytes = this.#gatheredBytes
    this.#gathered = []
    this.#gatheredBytes = 0
    this.#small = undefined
    if (this.toSocket === 0 && bytes > 0) this.firstWritten = this.#deps.clock.monotonic()
    this.toSocket += bytes
    this.#deps.stats.sentBytes += bytes
    this.#putHeaderBefore(pieces)
    if (pieces.length > 1) socket.cork()
    for (const piece of pieces) socket.write(piece)
    if (pieces.length > 1) socket.uncork()
    if (socket.writableLength === 0) {
      this.channel?.consumed(bytes)
      return
    }
    this.#draining = bytes
    if (!socket.writableNeedDrain) whenWritten(socket)
  }

  #putHeaderBefore(pieces: Buffer[]): void {
    if (this.#header === undefined) return
    pieces.unshift(this.#header)
    this.#header = undefined
  }

  // Ending

  kill(error: FlowError): void {
    if (this.#closed) return
    this.channel?.reset(error)
    this.abortSocket()
    this.finish(error, 'router')
  }

  /** Ends the socket with RST, after what can still be written at once. */
  protected abortSocket(): void {
    if (this.socket === undefined) return
    this.flush()
    resetSocket(this.socket)
  }

  /** Takes the flow out of all tables, once. */
  protected finish(ending: FlowEnding, by: FlowEnder): void {
    if (this.#closed) return
    this.#closed = true
    this.channel?.consumed(this.#gatheredBytes + this.#draining)
    this.#gathered = []
    this.#gatheredBytes = 0
    this.#draining = 0
    this.#deps.stats.open -= 1
    if (ending !== 'finished') this.#deps.stats.failed(ending.condition)
    this.finished(ending, by)
    this.#deps.flows.delete(this)
    this.#deps.stalled.delete(this)
  }

  /** What both sides tell of a flow that has ended; `firstByteAt` is when the backend's first byte was here. */
  protected recordOf(request: FlowRequest, ending: FlowEnding, firstByteAt: number) {
    const isFinished = ending === 'finished'
    return {
      flow: this.channel?.id ?? '',
      ...askedFor(request),
      connectMs: this.#msUntil(this.connectedAt),
      firstByteMs: this.#msUntil(firstByteAt),
      milliseconds: this.#msUntil(this.#deps.clock.monotonic()) ?? 0,
      resumed: this.channel?.resumptions ?? 0,
      ended: isFinished ? ending : ending.condition,
      description: isFinished ? undefined : ending.description,
    } satisfies Partial<FlowRecord>
  }

  /** Milliseconds with two decimals; undefined when it has not happened. */
  #msUntil(at: number): number | undefined {
    return at === 0 ? undefined : Math.round((at - this.#startedAt) * 100) / 100
  }

  /** Called once at the end. */
  protected abstract finished(ending: FlowEnding, by: FlowEnder): void
}
