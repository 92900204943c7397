/**
 * Counts every refused connection and logs each kind from each address once in a while, so that a flood of strangers
 * fills no disk.
 */
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import type { Labels, Metrics } from '../core/metrics.ts'
import type { RefusalReason } from './errors.ts'
import { RareLog } from './rare-log.ts'

/** The one place that reports refusals. */
export class Refusals {
  readonly #rare: RareLog
  readonly #logger: Logger
  readonly #count: (labels?: Labels) => void

  constructor(deps: { readonly clock: Clock; readonly logger: Logger; readonly metrics: Metrics }) {
    this.#rare = new RareLog(deps.clock)
    this.#logger = deps.logger
    this.#count = deps.metrics.counter('fairlead_link_refused_total', 'Connections refused, by reason', [
      'reason',
    ])
  }

  report(reason: RefusalReason, address: string | undefined, detail: string): void {
    this.#count({ reason })
    if (this.#rare.isNews(`${reason} ${address}`)) {
      this.#logger.warn({ reason, address, detail }, 'connection refused')
    }
  }
}
