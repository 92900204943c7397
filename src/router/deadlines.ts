/**
 * One time-out shared by many: members expire in the order they were added, looked at in coarse steps, so that a
 * flow costs no timer of its own.
 */
import type { Cancel, Clock } from '../core/clock.ts'
import { DEADLINE_STEP_MS, MAX_IDLE_DEADLINES } from './limits.ts'

/** Calls `expire` for each member that was not removed within `ms` (late by up to one step). */
export class Deadlines<T> {
  readonly #clock: Clock
  readonly #ms: number
  readonly #expire: (member: T) => void
  /** Insertion order is deadline order, for the time-out is the same for all. */
  readonly #due = new Map<T, number>()
  #ticking: Cancel | undefined

  constructor(clock: Clock, ms: number, expire: (member: T) => void) {
    this.#clock = clock
    this.#ms = ms
    this.#expire = expire
  }

  get size(): number {
    return this.#due.size
  }

  /** Starts the time of `member`, from the beginning when it was in already. */
  add(member: T): void {
    this.#due.delete(member)
    this.#due.set(member, this.#clock.monotonic() + this.#ms)
    this.#ticking ??= this.#clock.every(DEADLINE_STEP_MS, () => this.#sweep())
  }

  delete(member: T): void {
    this.#due.delete(member)
  }

  #sweep(): void {
    const now = this.#clock.monotonic()
    for (const [member, due] of this.#due) {
      if (due > now) break
      this.#due.delete(member)
      this.#expire(member)
    }
    if (this.#due.size === 0) this.#stop()
  }

  #stop(): void {
    this.#ticking?.()
    this.#ticking = undefined
  }
}

/** The queues of a time-out that differs from one member to another: few different times, many members. */
export class DeadlinesByTime<T> {
  readonly #clock: Clock
  readonly #expire: (member: T) => void
  readonly #byTime = new Map<number, Deadlines<T>>()

  constructor(clock: Clock, expire: (member: T) => void) {
    this.#clock = clock
    this.#expire = expire
  }

  /** The queue of those that expire after `ms`. To be used at once: empty queues are forgotten. */
  of(ms: number): Deadlines<T> {
    const known = this.#byTime.get(ms)
    if (known !== undefined) return known
    if (this.#byTime.size >= MAX_IDLE_DEADLINES) this.#forgetEmpty()
    const deadlines = new Deadlines(this.#clock, ms, this.#expire)
    this.#byTime.set(ms, deadlines)
    return deadlines
  }

  #forgetEmpty(): void {
    for (const [ms, { size }] of this.#byTime) if (size === 0) this.#byTime.delete(ms)
  }
}
