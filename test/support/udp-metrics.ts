/** What a router's metrics say of UDP. */
import type { Metrics } from '../../src/core/metrics.ts'

/** The value of a series, labels in their order; 0 when there is none. */
export async function metricOf(metrics: Metrics, series: string): Promise<number> {
  const line = (await metrics.text()).split('\n').find((each) => each.startsWith(`${series} `))
  return line === undefined ? 0 : Number(line.slice(series.length + 1))
}

/** Datagrams dropped by one side, for one reason or for all. */
export async function dropsOf(metrics: Metrics, side: string, reason?: string): Promise<number> {
  const wanted = `fairlead_router_udp_datagrams_dropped_total{side="${side}"`
  const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith(wanted))
  const counted = reason === undefined ? lines : lines.filter((line) => line.includes(`reason="${reason}"`))
  return counted.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}

/** Open associations of one side. */
export function associationsOf(metrics: Metrics, side: string): Promise<number> {
  return metricOf(metrics, `fairlead_router_udp_associations{side="${side}"}`)
}

/** Datagrams of clients dropped by the relays between two routers. */
export async function relayDropsOf(relays: readonly Metrics[] = []): Promise<number> {
  const series = 'fairlead_router_relay_datagrams_dropped_total{direction="onward"}'
  let sum = 0
  for (const metrics of relays) sum += await metricOf(metrics, series)
  return sum
}
