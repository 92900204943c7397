/** A clock that a synchronous test moves by hand: thousands of short runs need no event loop. */
import type { Cancel, Clock } from '../../src/core/clock.ts'

interface Timer {
  at: number
  readonly every: number | undefined
  readonly action: () => void
}

export class HandClock implements Clock {
  #now = 0
  readonly #timers = new Set<Timer>()

  get pending(): number {
    return this.#timers.size
  }

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  sleep(): Promise<void> {
    throw new Error('nothing sleeps on this clock')
  }

  after(ms: number, action: () => void): Cancel {
    return this.#add({ at: this.#now + ms, every: undefined, action })
  }

  every(ms: number, action: () => void): Cancel {
    return this.#add({ at: this.#now + ms, every: ms, action })
  }

  /** Moves time on, firing what becomes due in order. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#now = Math.max(this.#now, next.at)
      if (next.every === undefined) this.#timers.delete(next)
      else next.at += next.every
      next.action()
    }
    this.#now = end
  }

  #add(timer: Timer): Cancel {
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.at <= end && (first === undefined || timer.at < first.at)) first = timer
    }
    return first
  }
}
