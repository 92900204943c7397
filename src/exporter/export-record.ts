/**
 * What one ServiceExport puts into the directory: a record, or the reason why there is none. Pure.
 */
import { importersOf, type ServiceAccess } from '../api/access-policy.ts'
import { ExportReason, type ServiceExport } from '../api/mcs.ts'
import { isServiceName, Label } from '../api/names.ts'
import type { EndpointSlice, Service, ServicePort } from '../api/objects.ts'
import type { RecordEndpoint, RecordPort, ServiceRecord } from '../api/service-record.ts'
import { affinitySeconds } from './client-affinity.ts'
import { annotatedSelectors } from './cluster-selectors.ts'
import { backendsOf, protocolOf, usableCount } from './endpoints.ts'
import { isLabelValue, whyUnfitMetadata } from './exported-metadata.ts'
import { isHeadless, namedEndpoints, recordEndpoint } from './headless-endpoints.ts'
import {
  RECORD_MAX_BYTES,
  RECORD_MAX_ENDPOINTS,
  RECORD_MAX_NAMED_ENDPOINTS,
  RECORD_MAX_PORTS,
} from './limits.ts'

/**
 * `valid`: has a record; `incomplete` when not all endpoints of a headless Service fit. `invalid`: not exportable.
 * `unfit`: exportable, but over a bound of the directory.
 */
export type ExportEvaluation =
  | { readonly state: 'valid'; readonly record: ServiceRecord; readonly incomplete?: true }
  | { readonly state: 'invalid'; readonly reason: string; readonly message: string }
  | { readonly state: 'unfit'; readonly message: string }

/**
 * Rules 8-16 of the MCS checklist: the export, the Service of the same name, and that Service's slices. `access` is of the
 * ServicePolicies that target it.
 */
export function evaluateExport(
  serviceExport: ServiceExport,
  service: Service | undefined,
  slices: readonly EndpointSlice[],
  access: ServiceAccess = [],
): ExportEvaluation {
  if (service === undefined) return noService(serviceExport)
  const invalid = whyInvalid(service)
  if (invalid !== undefined) return invalid
  const message = whyUnfit(serviceExport, service)
  if (message !== undefined) return { state: 'unfit', message }
  const evaluation = fitting(recordOf(serviceExport, service, slices, importersOf(access)))
  return evaluation.state === 'valid' && isHeadless(service)
    ? withEndpoints(evaluation.record, service, slices)
    : evaluation
}

/** Everything in it may be within its own bound and the whole too long: characters take up to six bytes in JSON. */
function fitting(record: ServiceRecord): ExportEvaluation {
  const bytes = bytesOf(record)
  if (bytes <= RECORD_MAX_BYTES) return { state: 'valid', record }
  const message = `ports, labels, annotations and allowed clusters take ${bytes} bytes; at most ${RECORD_MAX_BYTES} can be exported`
  return { state: 'unfit', message }
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}

/** The first endpoints, as many as fit. */
function withEndpoints(
  record: ServiceRecord,
  service: Service,
  slices: readonly EndpointSlice[],
): ExportEvaluation {
  const named = namedEndpoints(service, slices)
  const endpoints: RecordEndpoint[] = []
  let room = RECORD_MAX_BYTES - bytesOf({ ...record, endpoints })
  for (const endpoint of named.slice(0, RECORD_MAX_NAMED_ENDPOINTS)) {
    const told = recordEndpoint(service, endpoint)
    room -= bytesOf(told) + 1
    if (room < 0) break
    endpoints.push(told)
  }
  const told: ServiceRecord = { ...record, endpoints }
  if (endpoints.length === named.length) return { state: 'valid', record: told }
  return { state: 'valid', record: told, incomplete: true }
}

function noService({ metadata: { name = '', namespace } }: ServiceExport): ExportEvaluation {
  const missing = `there is no Service ${name} in namespace ${namespace}`
  const message = isServiceName(name)
    ? missing
    : `${missing}, and no Service can be called so: its name is one DNS label of at most 63 characters`
  return { state: 'invalid', reason: ExportReason.noService, message }
}

function whyInvalid(service: Service): ExportEvaluation | undefined {
  if (service.spec?.type === 'ExternalName') {
    return invalidType('a Service of type ExternalName has no endpoints to export')
  }
  if (service.metadata.labels?.[Label.derivedFrom] !== undefined) {
    return invalidType('this Service stands for an import and cannot be exported again')
  }
  return undefined
}

function invalidType(message: string): ExportEvaluation {
  return { state: 'invalid', reason: ExportReason.invalidServiceType, message }
}

function whyUnfit({ spec }: ServiceExport, service: Service): string | undefined {
  const ports = service.spec?.ports?.length ?? 0
  if (ports > RECORD_MAX_PORTS) {
    return `the Service has ${ports} ports; at most ${RECORD_MAX_PORTS} can be exported`
  }
  const labels = whyUnfitMetadata('exportedLabels', spec?.exportedLabels, isLabelValue)
  return labels ?? whyUnfitMetadata('exportedAnnotations', spec?.exportedAnnotations, () => true)
}

function recordOf(
  serviceExport: ServiceExport,
  service: Service,
  slices: readonly EndpointSlice[],
  importers: readonly string[] | undefined,
): ServiceRecord {
  const { metadata, spec = {} } = serviceExport
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    exportedAt: metadata.creationTimestamp ?? '',
    type: isHeadless(service) ? 'Headless' : 'ClusterSetIP',
    ports: (service.spec?.ports ?? []).map((port) => recordPort(service, port, slices)),
    ipFamilies: service.spec?.ipFamilies ?? ['IPv4'],
    ...affinityOf(service),
    ...trafficOf(service),
    ...(spec.exportedLabels === undefined ? {} : { exportedLabels: spec.exportedLabels }),
    ...(spec.exportedAnnotations === undefined ? {} : { exportedAnnotations: spec.exportedAnnotations }),
    ...selectorsOf(serviceExport, service),
    ...(importers === undefined ? {} : { importers }),
  }
}

/** Clients of a headless Service choose endpoints themselves. */
function selectorsOf(
  serviceExport: ServiceExport,
  service: Service,
): Pick<ServiceRecord, 'clusterSelectors'> {
  const annotated = annotatedSelectors(serviceExport)
  if (annotated?.kind !== 'known' || isHeadless(service)) return {}
  return { clusterSelectors: annotated.selectors }
}

function recordPort(service: Service, port: ServicePort, slices: readonly EndpointSlice[]): RecordPort {
  const ready = usableCount(backendsOf(service, port, slices))
  return {
    name: port.name ?? '',
    protocol: protocolOf(port),
    port: port.port,
    ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
    readyEndpoints: Math.min(ready, RECORD_MAX_ENDPOINTS),
  }
}

function affinityOf(
  service: Service,
): Pick<ServiceRecord, 'sessionAffinity' | 'sessionAffinityTimeoutSeconds'> {
  const seconds = affinitySeconds(service)
  if (seconds === undefined) return { sessionAffinity: 'None' }
  return { sessionAffinity: 'ClientIP', sessionAffinityTimeoutSeconds: seconds }
}

function trafficOf({ spec }: Service): Pick<ServiceRecord, 'internalTrafficPolicy' | 'trafficDistribution'> {
  return {
    ...(spec?.internalTrafficPolicy === undefined
      ? {}
      : { internalTrafficPolicy: spec.internalTrafficPolicy }),
    ...(spec?.trafficDistribution === undefined ? {} : { trafficDistribution: spec.trafficDistribution }),
  }
}
