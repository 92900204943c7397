/**
 * What /metrics tells of the flows of one side (ingress or egress). Flows add to plain numbers; scraping reads them.
 */
import { FlowCondition } from '../amqp/flow-transport.ts'
import type { Metrics } from '../core/metrics.ts'

export type FlowSide = 'ingress' | 'egress'

/** Upper bounds of the buckets for the time until a backend is connected, seconds. */
const CONNECT_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

const KNOWN_CONDITIONS: ReadonlySet<string> = new Set(Object.values(FlowCondition))

/** The label value for a condition: a peer may send any text, which must not make a series each. */
export function reasonOf(condition: string): string {
  return KNOWN_CONDITIONS.has(condition) ? condition : 'other'
}

/** The metrics that both sides share, so that each name is registered once. */
export class FlowMetrics {
  readonly ingress: FlowStats
  readonly egress: FlowStats

  constructor(metrics: Metrics) {
    const help = 'Flows that ended other than by both sides finishing'
    const failed = metrics.counter('fairlead_router_flows_failed_total', help, ['side', 'reason'])
    const connectHelp = 'Time from the opening of a flow until a backend had it'
    const connected = metrics.histogram('fairlead_router_connect_seconds', connectHelp, CONNECT_BUCKETS, [
      'side',
    ])
    const side = (name: FlowSide): FlowStats => {
      const stats = new FlowStats(
        (reason) => failed({ side: name, reason }),
        (seconds) => connected(seconds, { side: name }),
      )
      register(metrics, name, stats)
      return stats
    }
    this.ingress = side('ingress')
    this.egress = side('egress')
  }
}

/** Counters of one side. The numbers are public because data paths add to them directly. */
export class FlowStats {
  open = 0
  opened = 0
  /** Bytes read from the side's sockets. */
  receivedBytes = 0
  /** Bytes given to the side's sockets. */
  sentBytes = 0
  readonly #failed: (reason: string) => void
  readonly #connected: (seconds: number) => void

  constructor(failed: (reason: string) => void, connected: (seconds: number) => void) {
    this.#failed = failed
    this.#connected = connected
  }

  /** A flow ended with an AMQP error condition. */
  failed(condition: string): void {
    this.#failed(reasonOf(condition))
  }

  /** A backend has the flow, this long after it was opened. */
  connected(milliseconds: number): void {
    this.#connected(milliseconds / 1000)
  }
}

function register(metrics: Metrics, side: FlowSide, stats: FlowStats): void {
  const prefix = `fairlead_router_${side}`
  metrics.observe(`${prefix}_flows`, `Open ${side} flows`, () => stats.open)
  metrics.total(`${prefix}_flows_opened_total`, `${side} flows opened`, () => stats.opened)
  metrics.total(
    `${prefix}_received_bytes_total`,
    `Bytes read from ${side} sockets`,
    () => stats.receivedBytes,
  )
  metrics.total(`${prefix}_sent_bytes_total`, `Bytes given to ${side} sockets`, () => stats.sentBytes)
}
