/**
 * Two raw flows joined into one: what each brings goes out on the other, bytes without a copy. Each hop has a window of its own:
 * the sender's opens when its bytes have found room in the next one, so a relay never holds more than the windows it gave and a
 * reader that stops stops the sender, hop by hop. Acknowledgements are those of the far end, so nothing is lost with a relay
 * that an end does not keep.
 */
import {
  type FlowChannel,
  FlowCondition,
  type FlowError,
  type FlowHandler,
  type FlowPosition,
} from '../../amqp/flow-transport.ts'
import type { ByteUse } from '../../core/byte-budget.ts'
import type { EndableFlow } from '../flow-registry.ts'
import type { RawConnection } from '../resume/raw-connection.ts'
import { RetainedBytes } from '../resume/retained-bytes.ts'
import { PASS_ON_BYTES } from './limits.ts'
import type { Passed } from './relay-stats.ts'

/** What one side of a splice is told of its place. */
export interface SpliceSide {
  /** Counts what comes in on this side. */
  readonly passed: Passed
  /** The data connection, when its peer is an end of the flow and no relay. */
  readonly endPeer: Pick<RawConnection, 'peerStopped'> | undefined
}

export interface SpliceTerms {
  readonly protocol: 'TCP' | 'UDP'
  /** Towards the router that opened the flow. */
  readonly incoming: SpliceSide
  /** Towards the one it is for. */
  readonly onward: SpliceSide
  /** Bytes that wait here for a window. */
  readonly waiting: ByteUse
  /** The flow is gone on both sides. */
  readonly onOver: (splice: Splice) => void
}

const STOPPED: FlowError = {
  condition: FlowCondition.stopped,
  description: 'the router at the other end has stopped',
}

export class Splice implements EndableFlow {
  readonly #terms: SpliceTerms
  readonly #incoming: SpliceEnd
  readonly #onward: SpliceEnd
  #over = false

  constructor(terms: SpliceTerms) {
    this.#terms = terms
    this.#incoming = new SpliceEnd(this, terms, terms.incoming)
    this.#onward = new SpliceEnd(this, terms, terms.onward)
    this.#incoming.far = this.#onward
    this.#onward.far = this.#incoming
  }

  /** Takes the flow that came; its handler. */
  takeIncoming(channel: FlowChannel): FlowHandler {
    return this.#incoming.take(channel)
  }

  /** Takes the flow that was opened towards the next router; its handler. */
  takeOnward(channel: FlowChannel): FlowHandler {
    return this.#onward.take(channel)
  }

  /** Ends it from here, on both sides. */
  kill(error: FlowError): void {
    this.#incoming.drop(error)
    this.#onward.drop(error)
    this.#finish()
  }

  /** One side was reset: so is the other. An end that has stopped is not waited for. */
  lost(end: SpliceEnd, error: FlowError): void {
    const isStopped = error.condition === FlowCondition.linkLost && end.side.endPeer?.peerStopped === true
    end.far?.drop(isStopped ? STOPPED : error)
    this.#finish()
  }

  /** One side has come to its end, and the other is about to. */
  closed(): void {
    if (this.#incoming.isClosed && this.#onward.isClosed) this.#finish()
  }

  #finish(): void {
    if (this.#over) return
    this.#over = true
    this.#incoming.clear()
    this.#onward.clear()
    this.#terms.onOver(this)
  }
}

/** One side: its channel's handler, and what waits to go out on it. */
class SpliceEnd implements FlowHandler {
  readonly side: SpliceSide
  far: SpliceEnd | undefined
  isClosed = false
  readonly #splice: Splice
  readonly #isStream: boolean
  readonly #waiting: RetainedBytes
  #dropped = 0
  #channel: FlowChannel | undefined
  #ending = false

  constructor(splice: Splice, { protocol, waiting }: SpliceTerms, side: SpliceSide) {
    this.#splice = splice
    this.#isStream = protocol === 'TCP'
    this.#waiting = new RetainedBytes(waiting)
    this.side = side
  }

  take(channel: FlowChannel): this {
    this.#channel = channel
    channel.holdEnd?.()
    return this
  }

  drop(error: FlowError): void {
    this.#channel?.reset(error)
  }

  clear(): void {
    this.#waiting.clear()
    this.#countDropped()
  }

  #countDropped(): void {
    const dropped = this.#channel?.dropped ?? 0
    if (this.far !== undefined) this.far.side.passed.dropped += dropped - this.#dropped
    this.#dropped = dropped
  }

  // What its channel tells

  onAccept(position?: FlowPosition): void {
    this.far?.accept(position)
  }

  /** Nobody keeps datagrams: where they cannot go on the oldest are dropped. */
  onData(chunk: Buffer): void {
    this.side.passed.bytes += chunk.length
    this.far?.send(chunk)
    if (!this.#isStream) this.#channel?.consumed(chunk.length)
  }

  onEnd(): void {
    this.far?.end()
  }

  onReset(error: FlowError): void {
    this.#splice.lost(this, error)
  }

  onDrain(): void {
    const channel = this.#channel
    if (channel === undefined || this.#waiting.waiting === 0) return
    // All that is kept here waits: what has gone on is the far end's to acknowledge.
    this.#waiting.restart(this.#waiting.acked)
    for (let room = channel.writable; room > 0; room = channel.writable) {
      const piece = this.#waiting.take(Math.min(room, PASS_ON_BYTES))
      this.#waiting.ack(piece.length)
      channel.write(piece)
      this.far?.passed(piece.length)
      if (this.#waiting.waiting > 0) continue
      if (this.#ending) channel.end()
      return
    }
  }

  onAcked(bytes: number): void {
    this.far?.consumed(bytes)
  }

  onEndAcked(): void {
    this.far?.endTaken()
  }

  onClosed(): void {
    this.isClosed = true
    this.#splice.closed()
  }

  // What the other side tells

  accept(position: FlowPosition | undefined): void {
    this.#channel?.accept(position)
  }

  /** What has no window waits here, where it stands in nobody's way. */
  send(chunk: Buffer): void {
    const channel = this.#channel
    if (channel === undefined) return
    if (!this.#isStream) this.#sendDatagram(chunk, channel)
    else if (this.#waiting.waiting === 0 && channel.writable > 0) {
      channel.write(chunk)
      this.far?.passed(chunk.length)
    } else this.#waiting.push(chunk, false)
  }

  /** The oldest that wait there make room for it. */
  #sendDatagram(datagram: Buffer, channel: FlowChannel): void {
    channel.write(datagram)
    this.#countDropped()
  }

  end(): void {
    this.#ending = true
    if (this.#waiting.waiting === 0) this.#channel?.end()
  }

  consumed(bytes: number): void {
    this.#channel?.consumed(bytes)
  }

  /** So many bytes of this side have gone on. */
  passed(bytes: number): void {
    this.#channel?.passed?.(bytes)
  }

  endTaken(): void {
    this.#channel?.endTaken?.()
  }
}
