/**
 * The ServiceImport of a merged service: spec, metadata and status. Pure.
 */
import { ImportCondition, type ImportPort, ImportReason, type ServiceImport } from '../api/mcs.ts'
import { type MergedPort, portKey } from '../api/merged-ports.ts'
import { Annotation } from '../api/names.ts'
import type { IPFamily, Service } from '../api/objects.ts'
import { conditionsOf, type Verdict } from '../api/verdicts.ts'
import { clusterIps } from './derived-service.ts'
import { protocolOf } from './endpoints.ts'
import { importMetadata } from './exported-metadata.ts'
import { forwarding, notForwarded } from './forwarding.ts'
import type { IpFamily } from './headless-families.ts'
import { type EndpointFacts, headlessReadiness } from './headless-status.ts'
import { derivedServiceName } from './import-names.ts'
import { familyOf, serviceFamilies } from './ip-families.ts'
import { carriedPorts } from './listen-ports.ts'
import type { MergedService } from './service-merge.ts'
import { staleness } from './staleness.ts'

/**
 * Metadata and spec as they should be. `derived` is the derived Service as the API server has it; a headless import has
 * none, and the families of its endpoints.
 */
export function importObject(
  merged: MergedService,
  derived: Service | undefined,
  families: readonly IpFamily[] = [],
): ServiceImport {
  const own = merged.type === 'Headless' ? {} : ownAnnotations(merged)
  return {
    metadata: { name: merged.name, namespace: merged.namespace, ...importMetadata(merged, own) },
    spec: importSpec(merged, derived, families),
  }
}

function ownAnnotations({ key, globalIp }: MergedService): Record<string, string> {
  return {
    [Annotation.derivedService]: derivedServiceName(key),
    ...(globalIp === undefined ? {} : { [Annotation.globalIp]: globalIp }),
  }
}

/** With globalnet clients are told the global address, the same in every cluster; the derived Service keeps its own. */
function importAddresses(
  merged: MergedService,
  derived: Service | undefined,
): Pick<NonNullable<ServiceImport['spec']>, 'ips' | 'ipFamilies'> {
  const { globalIp } = merged
  if (globalIp !== undefined) return { ips: [globalIp], ipFamilies: ['IPv4'] }
  const ips = clusterIps(derived)
  const { ipFamilies = [] } = derived?.spec ?? {}
  return ips.length === 0 ? {} : { ips, ...(ipFamilies.length === 0 ? {} : { ipFamilies: [...ipFamilies] }) }
}

function importSpec(
  merged: MergedService,
  derived: Service | undefined,
  headless: readonly IpFamily[],
): NonNullable<ServiceImport['spec']> {
  const { internalTrafficPolicy, trafficDistribution } = merged
  return {
    type: merged.type,
    ports: merged.ports.map(importPort),
    ...(merged.type === 'Headless' ? familiesOf(headless) : importAddresses(merged, derived)),
    ...affinity(merged),
    ...(internalTrafficPolicy === undefined ? {} : { internalTrafficPolicy }),
    ...(trafficDistribution === undefined ? {} : { trafficDistribution }),
  }
}

function familiesOf(families: readonly IpFamily[]): Pick<NonNullable<ServiceImport['spec']>, 'ipFamilies'> {
  return families.length === 0 ? {} : { ipFamilies: [...families] }
}

function importPort({ name, protocol, port, appProtocol }: MergedPort): ImportPort {
  return {
    ...(name === '' ? {} : { name }),
    protocol,
    port,
    ...(appProtocol === undefined ? {} : { appProtocol }),
  }
}

function affinity(
  merged: MergedService,
): Pick<NonNullable<ServiceImport['spec']>, 'sessionAffinity' | 'sessionAffinityConfig'> {
  const timeoutSeconds = merged.sessionAffinityTimeoutSeconds
  return {
    sessionAffinity: merged.sessionAffinity,
    ...(timeoutSeconds === undefined ? {} : { sessionAffinityConfig: { clientIP: { timeoutSeconds } } }),
  }
}

/** What the status says beside what follows from the exports. */
export interface ImportFacts {
  /** The API server keeps `status.endpointSliceObjects`. */
  readonly statesSlices?: boolean
  /** Pod addresses of the routers; none while they are not known. */
  readonly routers?: readonly string[]
  /** Clusters that have been out of reach for long. */
  readonly stale?: ReadonlySet<string>
  /** Of a headless import. */
  readonly endpoints?: EndpointFacts
}

const NO_ENDPOINTS: EndpointFacts = { waiting: 0, unserved: new Map() }

/** Status as it should be; times change only when the condition does. */
export function importStatus(
  merged: MergedService,
  derived: Service | undefined,
  existing: ServiceImport,
  now: number,
  { statesSlices = false, stale = new Set(), routers = [], endpoints = NO_ENDPOINTS }: ImportFacts = {},
): ServiceImport {
  const { name, namespace, generation } = existing.metadata
  const context = { previous: existing.status?.conditions ?? [], generation, now }
  return {
    metadata: { name: name ?? merged.name, namespace: namespace ?? merged.namespace },
    status: {
      clusters: merged.exporters.map(({ cluster }) => ({ cluster })).toSorted(byCluster),
      ...(statesSlices ? { endpointSliceObjects: 'Present' } : {}),
      conditions: conditionsOf(
        [
          merged.type === 'Headless'
            ? headlessReadiness(merged, endpoints)
            : readiness(merged, derived, routers),
          ...forwarding(merged.ports),
          ...staleness(merged, stale),
        ],
        context,
      ),
    },
  }
}

function byCluster(left: { cluster: string }, right: { cluster: string }): number {
  return left.cluster < right.cluster ? -1 : 1
}

function readiness(merged: MergedService, derived: Service | undefined, routers: readonly string[]): Verdict {
  const pending = (message: string): Verdict => ({
    type: ImportCondition.ready,
    status: 'False',
    reason: ImportReason.pending,
    message,
  })
  if (derived === undefined) return pending(unserved(merged, derived))
  if (clusterIps(derived).length === 0) return pending('waiting for the address of the derived Service')
  const unrouted = serviceFamilies(derived).filter((family) => !servesFamily(routers, family))
  if (unrouted.length === serviceFamilies(derived).length) {
    const message = unroutedMessage(unrouted)
    return { type: ImportCondition.ready, status: 'False', reason: ImportReason.familyNotSupported, message }
  }
  return {
    type: ImportCondition.ready,
    status: 'True',
    reason: ImportReason.ready,
    message: [unserved(merged, derived), unroutedMessage(unrouted)].filter((part) => part !== '').join('; '),
  }
}

function unroutedMessage(families: readonly IPFamily[]): string {
  return families.length === 0
    ? ''
    : `no router of this cluster has an address of family ${families.join(' or ')}`
}

/** While no router is known they may come with any address. */
function servesFamily(routers: readonly string[], family: IPFamily): boolean {
  return routers.length === 0 || routers.some((address) => familyOf(address) === family)
}

/** The ports that nobody listens for, and why, for people. */
function unserved({ ports }: MergedService, derived: Service | undefined): string {
  const served = new Set(
    derived?.spec?.ports?.map((port) => portKey({ ...port, protocol: protocolOf(port) })),
  )
  const carried = carriedPorts(ports)
  const missing = carried.map(portKey).filter((port) => !served.has(port))
  const foreign = notForwarded(ports)
  return [
    ...(missing.length === 0 ? [] : [`no router port is left for ${missing.join(', ')}`]),
    ...(foreign === '' ? [] : [foreign]),
  ].join('; ')
}
