/**
 * What the exporter counts. Made once per process, because a registry takes each name once.
 */
import type { Metrics } from '../core/metrics.ts'
import type { WorkQueueHooks } from '../core/work-queue.ts'

/** Numbers of the present term of leadership. */
export interface ExportFigures {
  /** Services this cluster exports. */
  readonly exports: number
  /** Of those, how many lose a conflict to an older export of another cluster. */
  readonly overruled: number
  /** Exporting clusters that have been out of reach for long. */
  readonly staleClusters: number
  /** Router ports that imports own. */
  readonly listenPorts: number
}

/** Gauges are zero while another replica leads. The hooks count the work on exports and imports. */
export function exportMetrics(metrics: Metrics, figures: () => ExportFigures | undefined): WorkQueueHooks {
  metrics.observe(
    'fairlead_exporter_exports',
    'Services this cluster exports.',
    () => figures()?.exports ?? 0,
  )
  metrics.observe(
    'fairlead_exporter_exports_overruled',
    'Exports of this cluster that lose a conflict to an older one of another cluster.',
    () => figures()?.overruled ?? 0,
  )
  metrics.observe(
    'fairlead_exporter_stale_clusters',
    'Exporting clusters that have been out of reach for longer than the grace time.',
    () => figures()?.staleClusters ?? 0,
  )
  metrics.observe(
    'fairlead_exporter_listen_ports',
    'Router ports that imports own.',
    () => figures()?.listenPorts ?? 0,
  )
  const done = metrics.counter('fairlead_exporter_reconciles_total', 'Exports and imports looked at.', [
    'result',
  ])
  return { done: (result) => done({ result }) }
}
