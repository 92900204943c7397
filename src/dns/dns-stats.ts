/**
 * What the resolver counts: plain numbers on the hot path, handed to the metrics once a second.
 */
import type { Cancel, Clock } from '../core/clock.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Metrics } from '../core/metrics.ts'
import { METRICS_FLUSH_MS } from './limits.ts'
import { Flag } from './query-reader.ts'

const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'] as const

type Transport = 'udp' | 'tcp'

interface Gauges {
  readonly cachedAnswers: () => number
  readonly tcpConnections: () => number
  /** Sources whose rate is watched. */
  readonly sources: () => number
}

/** Counters of one resolver. */
export class DnsStats implements Startable {
  readonly #clock: Clock
  readonly #responses: ReturnType<Metrics['counter']>
  readonly #dropped: ReturnType<Metrics['counter']>
  readonly #truncated: ReturnType<Metrics['counter']>
  readonly #cache: ReturnType<Metrics['counter']>
  readonly #limited: ReturnType<Metrics['counter']>
  readonly #turnedAway: ReturnType<Metrics['counter']>
  readonly #metrics: Metrics
  #pending = emptyCounts()
  #cancel: Cancel = () => {}

  constructor(metrics: Metrics, clock: Clock) {
    this.#metrics = metrics
    this.#clock = clock
    this.#responses = metrics.counter('fairlead_dns_responses_total', 'Responses sent', [
      'transport',
      'rcode',
    ])
    this.#dropped = metrics.counter('fairlead_dns_dropped_total', 'Messages left without a response', [
      'transport',
    ])
    this.#truncated = metrics.counter('fairlead_dns_truncated_total', 'Responses that did not fit', [
      'transport',
    ])
    this.#cache = metrics.counter('fairlead_dns_cache_total', 'Lookups of encoded answers', ['result'])
    this.#limited = metrics.counter('fairlead_dns_limited_total', 'UDP messages of sources over their rate', [
      'outcome',
    ])
    this.#turnedAway = metrics.counter(
      'fairlead_dns_tcp_turned_away_total',
      'TCP connections closed at once, because there were enough in all or of their source',
      ['bound'],
    )
  }

  /** Numbers that are read when they are asked for. */
  observe(gauges: Gauges): void {
    this.#metrics.observe('fairlead_dns_cached_answers', 'Encoded answers kept', gauges.cachedAnswers)
    this.#metrics.observe('fairlead_dns_tcp_connections', 'Open TCP connections', gauges.tcpConnections)
    this.#metrics.observe('fairlead_dns_sources', 'Sources whose rate is watched', gauges.sources)
  }

  async start(): Promise<void> {
    this.#cancel = this.#clock.every(METRICS_FLUSH_MS, () => this.flush())
  }

  async stop(): Promise<void> {
    this.#cancel()
    this.flush()
  }

  answered(transport: Transport, response: Buffer): void {
    const flags = response.readUInt16BE(2)
    const codes = this.#pending.responses[transport]
    const code = flags & 0x0f
    codes[code] = (codes[code] ?? 0) + 1
    if ((flags & Flag.truncated) !== 0) this.#pending.truncated[transport] += 1
  }

  dropped(transport: Transport): void {
    this.#pending.dropped[transport] += 1
  }

  /** A message over its source's rate, with the answer that it got, if any. */
  limited(response: Buffer | undefined): void {
    this.#pending.limited[response === undefined ? 'dropped' : 'truncated'] += 1
    if (response === undefined) this.dropped('udp')
    else this.answered('udp', response)
  }

  /** A TCP connection that was one too many. Rare enough to be counted at once. */
  turnedAway(bound: 'all' | 'source'): void {
    this.#turnedAway({ bound })
  }

  hit(): void {
    this.#pending.hits += 1
  }

  miss(): void {
    this.#pending.misses += 1
  }

  /** Hands over what was counted since the last time. */
  flush(): void {
    const { responses, dropped, truncated, limited, hits, misses } = this.#pending
    this.#pending = emptyCounts()
    for (const transport of ['udp', 'tcp'] as const) {
      for (const [code, count] of responses[transport].entries())
        add(this.#responses, { transport, rcode: RCODES[code] ?? String(code) }, count)
      add(this.#dropped, { transport }, dropped[transport])
      add(this.#truncated, { transport }, truncated[transport])
    }
    add(this.#limited, { outcome: 'dropped' }, limited.dropped)
    add(this.#limited, { outcome: 'truncated' }, limited.truncated)
    add(this.#cache, { result: 'hit' }, hits)
    add(this.#cache, { result: 'miss' }, misses)
  }
}

function emptyCounts() {
  return {
    responses: { udp: new Array<number>(16).fill(0), tcp: new Array<number>(16).fill(0) },
    dropped: { udp: 0, tcp: 0 },
    truncated: { udp: 0, tcp: 0 },
    limited: { dropped: 0, truncated: 0 },
    hits: 0,
    misses: 0,
  }
}

function add(counter: ReturnType<Metrics['counter']>, labels: Record<string, string>, count: number): void {
  if (count > 0) counter(labels, count)
}
