/**
 * Labels and annotations that exports hand to imports (rule 16 of the MCS checklist), beside those that others put
 * on an import. An annotation of ours lists the keys, so that a key that is no longer exported is noticed.
 */
import type { ServiceImport } from '../api/mcs.ts'
import type { ObjectMeta } from '../api/objects.ts'
import type { ServiceRecord } from '../api/service-record.ts'
import { RECORD_MAX_METADATA_CHARS, RECORD_MAX_METADATA_KEYS } from './limits.ts'

/** On imports: JSON with the exported label and annotation keys. Absent when there are none. */
export const EXPORTED_KEYS_ANNOTATION = 'fairlead.dev/exported-keys'

type Exported = Pick<ServiceRecord, 'exportedLabels' | 'exportedAnnotations'>

interface ExportedKeys {
  readonly labels: readonly string[]
  readonly annotations: readonly string[]
}

/** The metadata of an import that carries what is exported; `annotations` are our own. */
export function importMetadata(
  exported: Exported,
  annotations: Readonly<Record<string, string>>,
): Pick<ObjectMeta, 'labels' | 'annotations'> {
  const { exportedLabels = {}, exportedAnnotations = {} } = exported
  const keys: ExportedKeys = {
    labels: Object.keys(exportedLabels).sort(),
    annotations: Object.keys(exportedAnnotations).sort(),
  }
  const listed = keys.labels.length + keys.annotations.length > 0
  const all = {
    ...exportedAnnotations,
    ...annotations,
    ...(listed ? { [EXPORTED_KEYS_ANNOTATION]: JSON.stringify(keys) } : {}),
  }
  return {
    ...(keys.labels.length === 0 ? {} : { labels: { ...exportedLabels } }),
    ...(Object.keys(all).length === 0 ? {} : { annotations: all }),
  }
}

/** What an import carries of its exports, read back. */
export function exportedMetadata(existing: ServiceImport | undefined): Exported {
  const { labels = {}, annotations = {} } = existing?.metadata ?? {}
  const keys = parseKeys(annotations[EXPORTED_KEYS_ANNOTATION])
  return {
    ...(keys.labels.length === 0 ? {} : { exportedLabels: pick(labels, keys.labels) }),
    ...(keys.annotations.length === 0 ? {} : { exportedAnnotations: pick(annotations, keys.annotations) }),
  }
}

/** Somebody may have edited the annotation: what cannot be read lists nothing, and is written anew. */
function parseKeys(text: string | undefined): ExportedKeys {
  const none = { labels: [], annotations: [] }
  if (text === undefined) return none
  try {
    const value = JSON.parse(text) as Partial<ExportedKeys> | null
    return { labels: strings(value?.labels), annotations: strings(value?.annotations) }
  } catch {
    return none
  }
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

function pick(values: Readonly<Record<string, string>>, keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    keys.flatMap((key) => (Object.hasOwn(values, key) ? [[key, values[key]]] : [])),
  ) as Record<string, string>
}

/** Kubernetes qualified name: an optional DNS subdomain of at most 253 characters and a slash, then at most 63. */
const QUALIFIED_NAME =
  /^(?=[^/]{1,253}\/|[^/]+$)([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/

const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/

/** What Kubernetes takes for the value of a label. */
export function isLabelValue(value: string): boolean {
  return LABEL_VALUE.test(value)
}

/**
 * Why these labels or annotations cannot be put on imports; undefined when they can. The CRD checks none of it, and
 * one bad key would have every other cluster refuse the import.
 */
export function whyUnfitMetadata(
  field: string,
  values: Readonly<Record<string, string>> = {},
  isValue: (value: string) => boolean,
): string | undefined {
  const entries = Object.entries(values)
  if (entries.length > RECORD_MAX_METADATA_KEYS) {
    return `spec.${field} has ${entries.length} keys; at most ${RECORD_MAX_METADATA_KEYS} can be exported`
  }
  const chars = entries.reduce((sum, [key, value]) => sum + key.length + value.length, 0)
  if (chars > RECORD_MAX_METADATA_CHARS) {
    return `spec.${field} has ${chars} characters; at most ${RECORD_MAX_METADATA_CHARS} can be exported`
  }
  const wrong = entries.find(([key, value]) => !QUALIFIED_NAME.test(key) || !isValue(value))
  return wrong && `spec.${field}: Kubernetes does not take ${wrong.join('=')}`
}
