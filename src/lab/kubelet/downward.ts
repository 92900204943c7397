/** The downward API: what a pod is told about itself. Pure. */
import { LabError } from '../errors.ts'
import type { LabPod } from './pod.ts'

/** Addresses that are known only once the pod has its sandbox. */
export interface PodAddresses {
  /** The first is the one of those who ask for one. */
  readonly pod: readonly string[]
  readonly host: readonly string[]
}

const KEYED = /^metadata\.(labels|annotations)\['([^']+)'\]$/

/** The value of a field path such as `metadata.name` or `metadata.labels['app']`; a missing label is empty. */
export function fieldValue(pod: LabPod, path: string, addresses: PodAddresses): string {
  const keyed = KEYED.exec(path)
  if (keyed !== null) {
    const map = keyed[1] === 'labels' ? pod.metadata.labels : pod.metadata.annotations
    return map?.[keyed[2] ?? ''] ?? ''
  }
  const value = plainFields(pod, addresses)[path]
  if (value === undefined) throw new LabError(`the field path ${path} is not known`)
  return value
}

function plainFields(
  pod: LabPod,
  { pod: podIps, host: hostIps }: PodAddresses,
): Readonly<Record<string, string>> {
  const { name = '', namespace = '', uid = '', labels = {}, annotations = {} } = pod.metadata
  return {
    'metadata.name': name,
    'metadata.namespace': namespace,
    'metadata.uid': uid,
    'metadata.labels': lines(labels),
    'metadata.annotations': lines(annotations),
    'spec.nodeName': pod.spec?.nodeName ?? '',
    'spec.serviceAccountName': pod.spec?.serviceAccountName ?? 'default',
    'status.podIP': podIps[0] ?? '',
    'status.podIPs': podIps.join(','),
    'status.hostIP': hostIps[0] ?? '',
    'status.hostIPs': hostIps.join(','),
  }
}

/** `key="value"` a line, sorted, as Kubernetes writes them. */
function lines(map: Readonly<Record<string, string>>): string {
  const entries = Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1))
  return entries.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join('\n')
}
