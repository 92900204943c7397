/** Time that jumps from one event to the next: hours of a thousand routers pass in seconds. */
import type { Cancel, Clock } from '../../src/core/clock.ts'

interface Event {
  readonly at: number
  /** Of two events at one time, the one that was asked for first comes first. */
  readonly order: number
  action: (() => void) | undefined
}

export class VirtualClock implements Clock {
  #now = 0
  #order = 0
  /** Binary heap, the next event first. */
  readonly #events: Event[] = []

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  sleep(): Promise<void> {
    throw new Error('nothing sleeps in a simulation')
  }

  after(ms: number, action: () => void): Cancel {
    const event: Event = { at: this.#now + ms, order: this.#order, action }
    this.#order += 1
    this.#push(event)
    return () => {
      event.action = undefined
    }
  }

  every(ms: number, action: () => void): Cancel {
    let cancel: Cancel
    const again = (): void => {
      cancel = this.after(ms, again)
      action()
    }
    cancel = this.after(ms, again)
    return () => cancel()
  }

  /** Lets time pass. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (let next = this.#events[0]; next !== undefined && next.at <= end; next = this.#events[0]) {
      this.#pop()
      this.#now = next.at
      next.action?.()
    }
    this.#now = end
  }

  #push(event: Event): void {
    const events = this.#events
    let place = events.push(event) - 1
    while (place > 0) {
      const parent = (place - 1) >> 1
      const above = events[parent]
      if (above === undefined || isBefore(above, event)) break
      events[place] = above
      place = parent
    }
    events[place] = event
  }

  #pop(): void {
    const events = this.#events
    const last = events.pop()
    if (last === undefined || events.length === 0) return
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      const [left, right] = [events[child], events[child + 1]]
      if (left !== undefined && right !== undefined && isBefore(right, left)) child += 1
      const below = events[child]
      if (below === undefined || isBefore(last, below)) break
      events[place] = below
      place = child
    }
    events[place] = last
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
