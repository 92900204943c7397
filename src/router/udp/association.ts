/**
 * One end of an association: moves datagrams between a socket and a flow channel, and ends by idle time, by the far
 * side's end or by a reset. Knows nothing of how either was found; the two sides (ingress, egress) extend it.
 */
import {
  type FlowChannel,
  FlowCondition,
  type FlowError,
  type FlowHandler,
  type FlowRequest,
} from '../../amqp/flow-transport.ts'
import type { Clock } from '../../core/clock.ts'
import type { Deadlines } from '../deadlines.ts'
import type { FlowEnding } from '../flow-end.ts'
import { askedFor, type FlowLog, type FlowRecord } from '../flow-log.ts'
import type { EndableFlow, FlowRegistry } from '../flow-registry.ts'
import type { Allowance } from './allowance.ts'
import { FirstDatagrams } from './first-datagrams.ts'
import type { IdleMember, IdleWheel } from './idle-wheel.ts'
import { END_MS } from './limits.ts'
import { DropReason, type UdpStats } from './udp-stats.ts'

/** What every association of one side shares with the others. */
export interface AssociationDeps {
  readonly clock: Clock
  readonly flowLog: FlowLog | undefined
  readonly flows: FlowRegistry
  readonly stats: UdpStats
  readonly idle: IdleWheel<Association>
  /** Those that wait for the far side to end. */
  readonly ending: Deadlines<Association>
  /** For first datagrams. */
  readonly budget: Allowance
}

const NOT_FOLLOWED: FlowError = {
  condition: FlowCondition.idle,
  description: `the far side did not end within ${END_MS} ms`,
}

export abstract class Association implements FlowHandler, EndableFlow, IdleMember {
  /** Time-out of its own; the drain of the router may shorten it. */
  readonly idleMs: number
  lastUsed = 0
  /** Bytes that came from the socket and from the far side. */
  protected fromSocket = 0
  protected fromFar = 0
  protected readonly first: FirstDatagrams
  readonly #startedAt: number
  /** Milliseconds until a backend had it, and until its first datagram. */
  #connectMs: number | undefined
  #answerMs: number | undefined
  readonly #deps: AssociationDeps
  #channel: FlowChannel | undefined
  /** Of `channel.dropped`, what was counted. */
  #dropped = 0
  #state: 'new' | 'open' | 'ending' | 'over' = 'new'

  constructor(deps: AssociationDeps, idleMs: number) {
    this.#deps = deps
    this.idleMs = idleMs
    this.#startedAt = deps.clock.monotonic()
    this.first = new FirstDatagrams(deps.budget)
  }

  /** Until it is ending. */
  get isOpen(): boolean {
    return this.#state === 'open'
  }

  protected get channel(): FlowChannel | undefined {
    return this.#channel
  }

  protected set channel(channel: FlowChannel | undefined) {
    this.#channel = channel
    this.#dropped = 0
  }

  /** Counts and times it from now on. */
  protected begin(): void {
    const { flows, stats, idle } = this.#deps
    this.#state = 'open'
    flows.add(this, 'udp')
    stats.open += 1
    stats.opened += 1
    this.lastUsed = idle.now
    idle.add(this)
  }

  /** A backend has it. */
  protected markConnected(): void {
    this.#connectMs ??= this.#elapsed()
  }

  /** The backend's first datagram is here. */
  protected markAnswered(): void {
    this.#answerMs ??= this.#elapsed()
  }

  #elapsed(): number {
    return Math.round(this.#deps.clock.monotonic() - this.#startedAt)
  }

  // Datagrams

  /** A datagram of the socket leaves through the channel. */
  protected forward(datagram: Buffer): void {
    const { stats, idle } = this.#deps
    const channel = this.#channel
    stats.received += 1
    stats.receivedBytes += datagram.length
    if (channel === undefined || this.#state !== 'open') {
      stats.dropped[DropReason.ended] += 1
      return
    }
    this.fromSocket += datagram.length
    this.lastUsed = idle.now
    channel.write(datagram)
    if (channel.dropped !== this.#dropped) this.#countDropped(channel.dropped)
  }

  onData(datagram: Buffer): void {
    this.lastUsed = this.#deps.idle.now
    this.fromFar += datagram.length
    this.deliver(datagram)
    this.#channel?.consumed(datagram.length)
  }

  /** Gives a datagram of the far side to the socket; to be counted with `delivered` or dropped. */
  protected abstract deliver(datagram: Buffer): void

  protected delivered(datagram: Buffer): void {
    const { stats } = this.#deps
    stats.sent += 1
    stats.sentBytes += datagram.length
  }

  protected drop(reason: DropReason, count = 1): void {
    this.#deps.stats.dropped[reason] += count
  }

  #countDropped(dropped: number): void {
    this.drop(DropReason.link, dropped - this.#dropped)
    this.#dropped = dropped
  }

  // The channel's other calls

  onAccept(): void {}

  onDrain(): void {}

  onAcked(): void {}

  onClosed(): void {}

  onEnd(): void {
    if (this.#state === 'open') this.#channel?.end()
    this.finish('finished')
  }

  onReset(error: FlowError): void {
    this.finish(error)
  }

  // Ending

  /** Ends it from this side; the far side follows. */
  end(): void {
    if (this.#state !== 'open') return
    this.#state = 'ending'
    this.#deps.idle.delete(this)
    this.left()
    this.#channel?.end()
    this.#deps.ending.add(this)
  }

  /** The far side did not end as well. */
  notFollowed(): void {
    this.kill(NOT_FOLLOWED)
  }

  kill(error: FlowError): void {
    if (this.#state === 'over') return
    this.#channel?.reset(error)
    this.finish(error)
  }

  /** Takes it out of all tables, once. */
  protected finish(ending: FlowEnding): void {
    if (this.#state === 'over') return
    const { flows, stats, idle, ending: waiting } = this.#deps
    if (this.#channel !== undefined) this.#countDropped(this.#channel.dropped)
    this.#state = 'over'
    idle.delete(this)
    waiting.delete(this)
    this.left()
    stats.open -= 1
    if (ending !== 'finished') stats.failed(ending.condition)
    this.finished(ending)
    this.first.release()
    flows.delete(this)
  }

  /** It takes no more datagrams from its socket. May be called twice. */
  protected abstract left(): void

  /** Called once at the end. */
  protected abstract finished(ending: FlowEnding): void

  /** What both sides tell of it. */
  protected recordOf(request: FlowRequest, ending: FlowEnding): CommonRecord {
    return {
      flow: this.#channel?.id ?? '',
      ...askedFor(request),
      ...(this.#connectMs === undefined ? {} : { connectMs: this.#connectMs }),
      ...(this.#answerMs === undefined ? {} : { firstByteMs: this.#answerMs }),
      milliseconds: this.#elapsed(),
      resumed: this.#channel?.resumptions ?? 0,
      ended: ending === 'finished' ? ending : ending.condition,
      ...(ending === 'finished' ? {} : { description: ending.description }),
      endedBy:
        ending !== 'finished' && ending.condition === FlowCondition.connectFailed ? 'backend' : 'router',
    }
  }
}

type CommonRecord = Omit<
  FlowRecord,
  'side' | 'client' | 'cluster' | 'backend' | 'attempts' | 'clientBytes' | 'backendBytes'
>
