/**
 * What all sessions and flows of one connection share: the way to the socket, and the bounds on what waits for it and on
 * what may come.
 */
import type { Duplex } from 'node:stream'
import type { Clock } from '../../core/clock.ts'
import { AckTimer } from './ack-timer.ts'
import { type ConnectionConfig, windowPoolOf } from './config.ts'
import { type ConnectionCounters, newCounters } from './counters.ts'
import { Outbox } from './outbox.ts'
import { Pump } from './pump.ts'
import { SendBudget } from './send-budget.ts'
import type { WindowPool } from './window-pool.ts'

export class ConnectionParts {
  readonly counters: ConnectionCounters = newCounters()
  readonly outbox: Outbox
  readonly budget: SendBudget
  readonly pump: Pump
  readonly windows: WindowPool
  readonly acks: AckTimer

  /** `onError` is told when encoding fails. */
  constructor(socket: Duplex, clock: Clock, config: ConnectionConfig, onError: (error: unknown) => void) {
    this.outbox = new Outbox(socket)
    this.budget = new SendBudget(config.maxBufferedBytes)
    this.pump = new Pump(this.outbox, this.budget, this.counters, onError)
    this.windows = windowPoolOf(config)
    this.acks = new AckTimer(clock)
  }

  /** Bytes of flows not yet taken by the kernel. */
  get bufferedBytes(): number {
    return this.budget.used + this.outbox.buffered
  }

  /** The connection is over: nothing queued is sent, nothing owed is told. */
  stop(): void {
    this.acks.stop()
    this.pump.clear()
  }
}
