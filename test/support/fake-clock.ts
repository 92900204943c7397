/** A clock that moves only when told, for tests that must not wait. */
import type { Cancel, Clock } from '../../src/core/clock.ts'

interface Timer {
  readonly at: number
  readonly action: () => void
}

export class FakeClock implements Clock {
  #now: number
  readonly #epoch: number
  readonly #timers = new Set<Timer>()

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#now = 0
    this.#epoch = startMs
  }

  /** Timers and sleeps that have not fired. */
  get pending(): number {
    return this.#timers.size
  }

  now(): number {
    return this.#epoch + this.#now
  }

  monotonic(): number {
    return this.#now
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      const cancel = this.after(ms, resolve)
      signal?.addEventListener('abort', () => {
        cancel()
        reject(signal.reason)
      })
    })
  }

  after(ms: number, action: () => void): Cancel {
    const timer = { at: this.#now + ms, action }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
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

  /** Moves time on, firing what becomes due in order; what the timers started gets to run in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await settle()
    for (let timer = this.#due(end); timer !== undefined; timer = this.#due(end)) {
      this.#timers.delete(timer)
      this.#now = Math.max(this.#now, timer.at)
      timer.action()
      await settle()
    }
    this.#now = end
    await settle()
  }

  #due(end: number): Timer | undefined {
    const due = [...this.#timers].filter((timer) => timer.at <= end)
    return due.sort((a, b) => a.at - b.at)[0]
  }
}

/** Lets everything that only waits for promises go on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}
