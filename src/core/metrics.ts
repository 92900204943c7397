/**
 * Counters and gauges for /metrics. The only importer of prom-client.
 * Hot paths keep plain numbers and hand them over in `collect`, so that a sample costs them nothing.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export type Labels = Readonly<Record<string, string>>

/** One value among several of a name. */
export type Sample = readonly [labels: Labels, value: number]

export interface Metrics {
  /** Adds to a counter; created on first use. Names follow `fairlead_<part>_<what>_total`. */
  counter(name: string, help: string, labelNames?: readonly string[]): (labels?: Labels, by?: number) => void
  /** A gauge set by the owner. */
  gauge(name: string, help: string, labelNames?: readonly string[]): (value: number, labels?: Labels) => void
  /** A gauge read at scrape time. */
  observe(name: string, help: string, read: () => number): void
  /** A counter whose owner keeps the running total as a plain number; read at scrape time. */
  total(name: string, help: string, read: () => number): void
  /** `observe` of several values, told apart by labels. */
  observeEach(name: string, help: string, labelNames: readonly string[], read: () => Iterable<Sample>): void
  /** `total` of several values, told apart by labels. */
  totalEach(name: string, help: string, labelNames: readonly string[], read: () => Iterable<Sample>): void
  /** Seconds in buckets. */
  histogram(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames?: readonly string[],
  ): (seconds: number, labels?: Labels) => void
  /** The exposition text. */
  text(): Promise<string>
}

/** Metrics on a registry of their own. `processMetrics` adds memory, CPU and event-loop figures. */
export function createMetrics(processMetrics = false): Metrics {
  const registry = new Registry()
  if (processMetrics) collectDefaultMetrics({ register: registry })
  const registers = [registry]
  return {
    counter(name, help, labelNames = []) {
      const counter = new Counter({ name, help, labelNames: [...labelNames], registers })
      return (labels = {}, by = 1) => counter.inc(labels, by)
    },
    gauge(name, help, labelNames = []) {
      const gauge = new Gauge({ name, help, labelNames: [...labelNames], registers })
      return (value, labels = {}) => gauge.set(labels, value)
    },
    observe(name, help, read) {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read())
        },
      })
    },
    total(name, help, read) {
      new Counter({
        name,
        help,
        registers,
        collect() {
          this.reset()
          this.inc(read())
        },
      })
    },
    observeEach(name, help, labelNames, read) {
      new Gauge({
        name,
        help,
        labelNames: [...labelNames],
        registers,
        collect() {
          for (const [labels, value] of read()) this.set(labels, value)
        },
      })
    },
    totalEach(name, help, labelNames, read) {
      new Counter({
        name,
        help,
        labelNames: [...labelNames],
        registers,
        collect() {
          this.reset()
          for (const [labels, value] of read()) this.inc(labels, value)
        },
      })
    },
    histogram(name, help, buckets, labelNames = []) {
      const histogram = new Histogram({
        name,
        help,
        buckets: [...buckets],
        labelNames: [...labelNames],
        registers,
      })
      return (seconds, labels = {}) => histogram.observe(labels, seconds)
    },
    text: () => registry.metrics(),
  }
}
