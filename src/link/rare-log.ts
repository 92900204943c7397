/**
 * Which of many events of the same kind are worth a line in the log: each kind once in a while, so that who causes them
 * fills no disk.
 */
import type { Clock } from '../core/clock.ts'
import { MAX_REMEMBERED_REFUSALS, REFUSAL_LOG_MS } from './limits.ts'

export class RareLog {
  readonly #clock: Pick<Clock, 'monotonic'>
  /** When a kind was last logged, oldest first. */
  readonly #logged = new Map<string, number>()

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** Whether nothing of this kind was logged lately; from now on it was. */
  isNews(kind: string): boolean {
    const now = this.#clock.monotonic()
    const before = this.#logged.get(kind)
    if (before !== undefined && now - before < REFUSAL_LOG_MS) return false
    this.#logged.delete(kind)
    this.#logged.set(kind, now)
    const [oldest] = this.#logged.keys()
    if (this.#logged.size > MAX_REMEMBERED_REFUSALS && oldest !== undefined) this.#logged.delete(oldest)
    return true
  }
}
