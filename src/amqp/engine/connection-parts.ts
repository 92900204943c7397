/**
 * What all sessions and flows of one connection share: the way to the socket, and the bounds on what waits for it and on
 * what may come.
 */
import type { Duplex } from 'node:stream'
import { ByteBudget } from '../../core/byte-budget.ts'
import type { Clock } from '../../core/clock.ts'
import { emptyFrame } from '../codec/frame.ts'
import { DEFAULT_BUFFER_BYTES, ROUND_TRIP_INTERVAL_MS } from '../limits.ts'
import { AckTimer } from './ack-timer.ts'
import { type ConnectionConfig, windowWidthsOf } from './config.ts'
import { type ConnectionCounters, newCounters } from './counters.ts'
import { Outbox } from './outbox.ts'
import { Pump } from './pump.ts'
import { RoundTrip } from './round-trip.ts'
import { SendBudget } from './send-budget.ts'
import { WindowPool } from './window-pool.ts'

export interface PartsDeps {
  readonly clock: Clock
  readonly buffers?: ByteBudget | undefined
  /** Encoding failed. */
  readonly onError: (error: unknown) => void
  /** Sends a frame that the peer answers, if it is one that does. */
  readonly sendEcho: () => boolean
}

export class ConnectionParts {
  readonly counters: ConnectionCounters = newCounters()
  readonly outbox: Outbox
  readonly budget: SendBudget
  readonly pump: Pump
  /** What the whole process may buffer. */
  readonly buffers: ByteBudget
  readonly windows: WindowPool
  readonly roundTrip: RoundTrip
  readonly acks: AckTimer

  constructor(socket: Duplex, deps: PartsDeps, config: ConnectionConfig) {
    const { clock, buffers, onError, sendEcho } = deps
    this.outbox = new Outbox(socket)
    this.buffers = buffers ?? new ByteBudget(DEFAULT_BUFFER_BYTES)
    this.budget = new SendBudget(config.maxBufferedBytes, this.buffers.use('sending'))
    this.pump = new Pump(this.outbox, this.budget, this.counters, onError)
    this.roundTrip = new RoundTrip(() => clock.monotonic(), sendEcho)
    this.windows = new WindowPool(windowWidthsOf(config), this.buffers, this.roundTrip)
    this.acks = new AckTimer(clock)
  }

  /** Bytes of flows not yet taken by the kernel. */
  get bufferedBytes(): number {
    return this.budget.used + this.outbox.buffered
  }

  /** Lets the peer hear from us: by an echo when that is of use, else by an empty frame. */
  heartbeat(): void {
    if (this.roundTrip.ask(ROUND_TRIP_INTERVAL_MS.idle)) return
    this.outbox.raw(emptyFrame())
    this.pump.request()
  }

  /** The connection is over: nothing queued is sent, nothing owed is told. */
  stop(): void {
    this.acks.stop()
    this.pump.clear()
  }
}
