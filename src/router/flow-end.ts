/**
 * One end of a flow: moves bytes, half-closes and resets between a TCP socket and a flow channel, with byte
 * back-pressure both ways. Knows nothing of how either was found; the two sides (ingress, egress) extend it.
 */
import type { Socket } from 'node:net'
import { type FlowChannel, FlowCondition, type FlowError, type FlowHandler } from '../amqp/flow-transport.ts'
import { errorCode } from '../core/errors.ts'
import { SmallPieces } from '../core/small-pieces.ts'
import type { EndableFlow, FlowRegistry } from './flow-registry.ts'
import { endSocket, resetSocket, type SocketOwner, whenWritten } from './flow-socket.ts'
import type { FlowStats } from './flow-stats.ts'
import type { Flushable, TurnBatch } from './turn-batch.ts'

/** What every flow end shares with the others. */
export interface FlowEndDeps {
  readonly batch: TurnBatch
  readonly flows: FlowRegistry
  readonly stats: FlowStats
}

/** How a flow ended: `finished`, or the error that reset it. */
export type FlowEnding = 'finished' | FlowError

export abstract class FlowEnd implements FlowHandler, SocketOwner, EndableFlow, Flushable {
  /** Bytes read from the socket and given to it. */
  protected fromSocket = 0
  protected toSocket = 0
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
  #batched = false
  #closed = false

  constructor(deps: FlowEndDeps) {
    this.#deps = deps
    deps.flows.add(this)
    deps.stats.open += 1
    deps.stats.opened += 1
  }

  protected get closed(): boolean {
    return this.#closed
  }

  /** The socket is connected: what was gathered for it may go. */
  protected attach(socket: Socket): void {
    this.socket = socket
    if (this.#gatheredBytes > 0 || this.#farEnded) this.#putInBatch()
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
    if (!this.#batched) this.#putInBatch()
  }

  onReset(error: FlowError): void {
    this.abortSocket()
    this.finish(error)
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
    this.fromSocket += chunk.length
    this.#deps.stats.receivedBytes += chunk.length
    channel.write(chunk)
    if (channel.writable <= 0) this.socket?.pause()
  }

  socketEnded(): void {
    this.sourceEnded = true
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
    if (this.sourceEnded && this.#farEnded) this.finish('finished')
    else this.#endBySocket('closed')
  }

  #endBySocket(cause: string): void {
    const error = { condition: FlowCondition.reset, description: `connection lost: ${cause}` }
    this.channel?.reset(error)
    this.finish(error)
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
    if (this.#gatheredBytes > 0) this.#writeGathered(socket)
    if (this.#farEnded) endSocket(socket)
  }

  #writeGathered(socket: Socket): void {
    const pieces = this.#gathered
    const bytes = this.#gatheredBytes
    this.#gathered = []
    this.#gatheredBytes = 0
    this.#small = undefined
    this.toSocket += bytes
    this.#deps.stats.sentBytes += bytes
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

  // Ending

  kill(error: FlowError): void {
    if (this.#closed) return
    this.channel?.reset(error)
    this.abortSocket()
    this.finish(error)
  }

  /** Ends the socket with RST, after what can still be written at once. */
  protected abortSocket(): void {
    if (this.socket === undefined) return
    this.flush()
    resetSocket(this.socket)
  }

  /** Takes the flow out of all tables, once. */
  protected finish(ending: FlowEnding): void {
    if (this.#closed) return
    this.#closed = true
    this.channel?.consumed(this.#gatheredBytes + this.#draining)
    this.#gathered = []
    this.#gatheredBytes = 0
    this.#draining = 0
    this.#deps.stats.open -= 1
    if (ending !== 'finished') this.#deps.stats.failed(ending.condition)
    this.finished(ending)
    this.#deps.flows.delete(this)
  }

  /** Called once at the end. */
  protected abstract finished(ending: FlowEnding): void
}
