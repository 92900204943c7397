/**
 * What the Kubernetes parts of a process count. Made once per process, because a registry takes each name once.
 */
import type { Metrics } from '../core/metrics.ts'

export interface KubeMetrics {
  /** A full list was fetched. */
  listed(resource: string): void
  /** A watch or list failed. */
  failed(resource: string, code: string): void
  /** A subscriber threw. */
  handlerFailed(resource: string): void
}

/** Counters of all reflectors on one registry. */
export function kubeMetrics(metrics: Metrics): KubeMetrics {
  const lists = metrics.counter('fairlead_kube_lists_total', 'Full lists fetched.', ['resource'])
  const failures = metrics.counter('fairlead_kube_watch_failures_total', 'Lists and watches that failed.', [
    'resource',
    'code',
  ])
  const handlers = metrics.counter('fairlead_kube_handler_failures_total', 'Store subscribers that threw.', [
    'resource',
  ])
  return {
    listed: (resource) => lists({ resource }),
    failed: (resource, code) => failures({ resource, code }),
    handlerFailed: (resource) => handlers({ resource }),
  }
}

/** Counts nothing. */
export const noKubeMetrics: KubeMetrics = {
  listed: () => {},
  failed: () => {},
  handlerFailed: () => {},
}
