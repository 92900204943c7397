/**
 * When an object of ours is as it should be, and how it is put right: imports, derived Services, EndpointSlices, and
 * the status of exports and of policies.
 */
import type { ServiceExport, ServiceImport } from '../api/mcs.ts'
import { ExportCondition } from '../api/mcs.ts'
import { Annotation } from '../api/names.ts'
import type { Condition, EndpointSlice, KubeObject, Service, ServicePort } from '../api/objects.ts'
import type { ServicePolicy } from '../api/service-policy.ts'
import type { TrafficPolicy } from '../api/traffic-policy.ts'
import { contains, sameValue } from '../core/compare.ts'
import type { Aspect } from '../kube/owned-objects.ts'
import { EXPORTED_KEYS_ANNOTATION } from './exported-metadata.ts'

/** Metadata that others may add to; what we put there must be there. */
function metadataMatches(actual: KubeObject, wanted: KubeObject): boolean {
  const { labels, annotations, ownerReferences } = wanted.metadata
  // API servers keep no empty maps.
  const { labels: actualLabels = {}, annotations: actualAnnotations = {} } = actual.metadata
  const has = { ...actual.metadata, labels: actualLabels, annotations: actualAnnotations }
  return contains(has, { labels, annotations, ownerReferences }) && globalIpOf(actual) === globalIpOf(wanted)
}

/** An address that is no more must go: agents would lead to it, and imports would be remembered with it. */
function globalIpOf({ metadata }: KubeObject): string | undefined {
  return metadata.annotations?.[Annotation.globalIp]
}

function repairedMetadata(actual: KubeObject, wanted: KubeObject): KubeObject['metadata'] {
  const { labels, annotations, ownerReferences } = wanted.metadata
  const { [Annotation.globalIp]: _, ...others } = actual.metadata.annotations ?? {}
  return {
    ...actual.metadata,
    labels: { ...actual.metadata.labels, ...labels },
    annotations: { ...others, ...annotations },
    ...(ownerReferences === undefined ? {} : { ownerReferences }),
  }
}

/** An import is ours alone: its spec has what we say and nothing else (rule 22). */
export const importAspect: Aspect<ServiceImport> = {
  matches: (actual, wanted) =>
    metadataMatches(actual, wanted) &&
    exportedKeys(actual) === exportedKeys(wanted) &&
    sameValue(actual.spec, wanted.spec),
  repair: (actual, wanted) => ({
    ...actual,
    metadata: repairedMetadata(actual, wanted),
    ...(wanted.spec === undefined ? {} : { spec: wanted.spec }),
  }),
}

/** Keys that are exported no longer show here: their values are not in `wanted` to be compared. */
function exportedKeys({ metadata }: KubeObject): string {
  return metadata.annotations?.[EXPORTED_KEYS_ANNOTATION] ?? ''
}

export const importStatusAspect: Aspect<ServiceImport> = {
  subresource: 'status',
  matches: (actual, wanted) =>
    sameValue(actual.status?.clusters, wanted.status?.clusters) &&
    actual.status?.endpointSliceObjects === wanted.status?.endpointSliceObjects &&
    sameValue(byType(actual.status?.conditions), byType(wanted.status?.conditions)),
  repair: (actual, wanted) => ({ ...actual, ...(wanted.status && { status: wanted.status }) }),
}

/**
 * The API server fills in much of a Service; a selector or another port would send traffic past us. Families are asked
 * for when it is made, and are the API server's from then on.
 */
export const serviceAspect: Aspect<Service> = {
  matches: (actual, wanted) =>
    metadataMatches(actual, wanted) &&
    actual.spec?.selector === undefined &&
    contains(withSortedPorts(actual.spec), withSortedPorts(withoutFamilies(wanted.spec))),
  repair: (actual, wanted) => {
    const { selector: _, ...spec } = actual.spec ?? {}
    return {
      ...actual,
      metadata: repairedMetadata(actual, wanted),
      spec: { ...spec, ...withoutFamilies(wanted.spec) },
    }
  },
}

function withoutFamilies({ ipFamilies: _, ...spec }: NonNullable<Service['spec']> = {}): Service['spec'] {
  return spec
}

/** Ports are a map by port and protocol: their order says nothing. */
function withSortedPorts(spec: Service['spec']): Service['spec'] {
  const rank = (port: ServicePort) => `${port.protocol ?? 'TCP'}/${port.port}`
  const ports = spec?.ports?.toSorted((left, right) => (rank(left) < rank(right) ? -1 : 1))
  return { ...spec, ...(ports === undefined ? {} : { ports }) }
}

export const sliceAspect: Aspect<EndpointSlice> = {
  matches: (actual, wanted) =>
    metadataMatches(actual, wanted) &&
    contains(actual.endpoints ?? [], wanted.endpoints) &&
    contains(actual.ports ?? [], wanted.ports),
  repair: (actual, wanted) => ({ ...actual, ...wanted, metadata: repairedMetadata(actual, wanted) }),
}

const OUR_CONDITIONS: ReadonlySet<string> = new Set(Object.values(ExportCondition))

/** Conditions of other types belong to others. */
export const exportStatusAspect: Aspect<ServiceExport> = {
  subresource: 'status',
  matches: (actual, wanted) =>
    sameValue(byType(ours(actual.status?.conditions)), byType(wanted.status?.conditions)),
  repair: (actual, wanted) => {
    const others = (actual.status?.conditions ?? []).filter(({ type }) => !OUR_CONDITIONS.has(type))
    return { ...actual, status: { conditions: [...others, ...(wanted.status?.conditions ?? [])] } }
  },
}

/** The status of a policy is ours alone. */
export const policyStatusAspect: Aspect<TrafficPolicy> = {
  subresource: 'status',
  matches: (actual, wanted) =>
    sameValue(actual.status?.services, wanted.status?.services) &&
    sameValue(byType(actual.status?.conditions), byType(wanted.status?.conditions)),
  repair: (actual, wanted) => ({ ...actual, ...(wanted.status && { status: wanted.status }) }),
}

/** What routers count in the status is theirs. */
export const accessStatusAspect: Aspect<ServicePolicy> = {
  subresource: 'status',
  matches: (actual, wanted) =>
    sameValue(actual.status?.exports, wanted.status?.exports) &&
    sameValue(byType(actual.status?.conditions), byType(wanted.status?.conditions)),
  repair: (actual, { status }) => {
    const { exports: _, conditions: __, ...counted } = actual.status ?? {}
    return { ...actual, status: { ...counted, ...status } }
  },
}

function ours(conditions: readonly Condition[] = []): Condition[] {
  return conditions.filter(({ type }) => OUR_CONDITIONS.has(type))
}

function byType(conditions: readonly Condition[] = []): Record<string, Condition> {
  return Object.fromEntries(conditions.map((condition) => [condition.type, condition]))
}
