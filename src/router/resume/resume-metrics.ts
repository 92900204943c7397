/**
 * What /metrics tells of flows that outlive their links. Flows add to plain numbers; scraping reads them.
 */
import type { Labels, Metrics } from '../../core/metrics.ts'

/** What became of a flow that had lost its link. */
export type ResumeResult =
  | 'resumed'
  /** The other end did not go on with it. */
  | 'refused'
  /** No link came back within the time of grace. */
  | 'expired'
  /** The end that opened it did not ask for it although it could. */
  | 'abandoned'
  /** Too many waited. */
  | 'evicted'
  /** The router process at the other end has ended. */
  | 'restarted'
  /** The cluster at the other end was revoked. */
  | 'revoked'

export class ResumeMetrics {
  retransmittedBytes = 0
  readonly #results: (labels?: Labels) => void

  constructor(metrics: Metrics, suspended: { readonly size: number }, retained: { readonly bytes: number }) {
    const help = 'Flows that had lost their link, by what became of them'
    this.#results = metrics.counter('fairlead_router_flow_resumes_total', help, ['result'])
    metrics.observe('fairlead_router_flows_suspended', 'Flows that wait for a link', () => suspended.size)
    const kept = 'Bytes kept until the other end has handed them on'
    metrics.observe('fairlead_router_retained_bytes', kept, () => retained.bytes)
    const again = 'Bytes sent again after a link was lost'
    metrics.total('fairlead_router_retransmitted_bytes_total', again, () => this.retransmittedBytes)
  }

  ended(result: ResumeResult): void {
    this.#results({ result })
  }
}
