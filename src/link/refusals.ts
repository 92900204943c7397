/**
 * Counts every refused connection and logs each kind from each address once in a while, so that a flood of strangers
 * fills no disk.
 */
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import type { Labels, Metrics } from '../core/metrics.ts'
import type { RefusalReason } from './errors.ts'
import { MAX_REMEMBERED_REFUSALS, REFUSAL_LOG_MS } from './limits.ts'

/** The one place that reports refusals. */
export class Refusals {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #count: (labels?: Labels) => void
  /** When a kind from an address was last logged, oldest first. */
  readonly #logged = new Map<string, number>()

  constructor(deps: { readonly clock: Clock; readonly logger: Logger; readonly metrics: Metrics }) {
    this.#clock = deps.clock
    this.#logger = deps.logger
    this.#count = deps.metrics.counter('fairlead_link_refused_total', 'Connections refused, by reason', [
      'reason',
    ])
  }

  report(reason: RefusalReason, address: string | undefined, detail: string): void {
    this.#count({ reason })
    if (this.#isNews(`${reason} ${address}`)) {
      this.#logger.warn({ reason, address, detail }, 'connection refused')
    }
  }

  #isNews(kind: string): boolean {
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
