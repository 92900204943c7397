/**
 * What /metrics tells of the flows a router passes on for others. Flows add to plain numbers; scraping reads them.
 */
import type { Labels, Metrics } from '../../core/metrics.ts'
import type { RefusalCause } from './way.ts'

/** What is counted of one direction. */
export interface Passed {
  bytes: number
  /** Datagrams that could not go on in time. */
  dropped: number
}

export class RelayStats {
  opened = 0
  /** From the router that opened a flow. */
  readonly onward: Passed = { bytes: 0, dropped: 0 }
  readonly back: Passed = { bytes: 0, dropped: 0 }
  readonly #refused: (labels?: Labels) => void

  /** `flows` and `arrived` are those open now: passed on, and come over relays to end here. */
  constructor(metrics: Metrics, flows: { readonly size: number }, arrived: { readonly size: number }) {
    metrics.observe(
      'fairlead_router_relayed_flows',
      'Open flows passed on between two other routers',
      () => flows.size,
    )
    metrics.observe(
      'fairlead_router_relay_arrived_flows',
      'Open flows that came over relays and end here',
      () => arrived.size,
    )
    metrics.total(
      'fairlead_router_relayed_flows_opened_total',
      'Flows passed on between two other routers',
      () => this.opened,
    )
    const help =
      'Bytes passed on between two other routers, onward from the one that opened the flow or back to it'
    metrics.totalEach('fairlead_router_relayed_bytes_total', help, ['direction'], () => [
      [{ direction: 'onward' }, this.onward.bytes],
      [{ direction: 'back' }, this.back.bytes],
    ])
    const drops = 'Datagrams dropped because they could not be passed on in time, by direction'
    metrics.totalEach('fairlead_router_relay_datagrams_dropped_total', drops, ['direction'], () => [
      [{ direction: 'onward' }, this.onward.dropped],
      [{ direction: 'back' }, this.back.dropped],
    ])
    const refusals = 'Flows over relays that this router did not take, by cause'
    this.#refused = metrics.counter('fairlead_router_relays_refused_total', refusals, ['cause'])
  }

  refused(cause: RefusalCause): void {
    this.#refused({ cause })
  }
}
