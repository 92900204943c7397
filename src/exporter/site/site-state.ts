/** What a site's objects come to: its routes and its records. Pure: by the same rules as in a cluster. */
import type { ServiceAccess } from '../../api/access-policy.ts'
import { type ServiceKey, serviceKey } from '../../api/names.ts'
import type { EndpointSlice, KubeObject, Service } from '../../api/objects.ts'
import type { ExportedPort, ListenerSpec, RouteSnapshot } from '../../api/route-snapshot.ts'
import type { ServiceRecord } from '../../api/service-record.ts'
import { DEFAULT_TRAFFIC, type TrafficSettings } from '../../api/traffic-settings.ts'
import { describeError, FairleadError } from '../../core/errors.ts'
import { type AccessOutcome, assignAccess } from '../access-assignment.ts'
import { evaluateExport } from '../export-record.ts'
import type { Candidate, KnownService } from '../policy-targets.ts'
import { exportedPorts, linksOf } from '../route-snapshot-builder.ts'
import { readServicePolicy } from '../service-policy-reader.ts'
import { keyOf, serviceOfSlice, splitKey } from '../stores.ts'
import { assignTraffic } from '../traffic-assignment.ts'
import { readTrafficPolicy } from '../traffic-policy-reader.ts'
import { siteListeners } from './site-listeners.ts'
import type { SiteObject } from './site-objects.ts'

export interface SiteState {
  readonly routes: RouteSnapshot
  readonly records: ReadonlyMap<ServiceKey, ServiceRecord>
  /** Objects that are left out, and why, for people. */
  readonly problems: readonly string[]
}

type OfKind<K extends SiteObject['kind']> = Extract<SiteObject, { kind: K }>['object']

export function siteState(objects: readonly SiteObject[]): SiteState {
  const problems: string[] = []
  const unique = firstOfEach(objects, problems)
  const ofKind = <K extends SiteObject['kind']>(kind: K): OfKind<K>[] =>
    unique.filter((each) => each.kind === kind).map(({ object }) => object as OfKind<K>)
  const traffic = trafficOf(ofKind('TrafficPolicy'), [...ofKind('ServiceExport'), ...ofKind('ServiceImport')])
  const access = accessOf(ofKind('ServicePolicy'), ofKind('ServiceExport'), problems)
  const services = new Map(ofKind('Service').map((service) => [keyOf(service), service]))
  const slices = Map.groupBy(ofKind('EndpointSlice'), (slice) => serviceOfSlice(slice)[0] ?? '')
  const exports = new Map<ServiceKey, readonly ExportedPort[]>()
  const records = new Map<ServiceKey, ServiceRecord>()
  for (const serviceExport of ofKind('ServiceExport')) {
    const key = keyOf(serviceExport)
    const of: readonly [Service | undefined, readonly EndpointSlice[]] = [
      services.get(key),
      slices.get(key) ?? [],
    ]
    const evaluation = evaluateExport(serviceExport, ...of, access.get(key))
    if (evaluation.state !== 'valid') problems.push(`ServiceExport ${key}: ${evaluation.message}`)
    else records.set(key, evaluation.record)
    const ports = exportedPorts(serviceExport, ...of, traffic.get(key) ?? DEFAULT_TRAFFIC)
    if (ports !== undefined) exports.set(key, ports)
  }
  const listeners = listenersOf(ofKind('ServiceImport'), problems)
  return {
    routes: { synced: true, listeners, exports, links: linksOf(ofKind('Link')), traffic, access },
    records,
    problems,
  }
}

function firstOfEach(objects: readonly SiteObject[], problems: string[]): SiteObject[] {
  const seen = new Set<string>()
  return objects.filter(({ kind, object }) => {
    // Routers know links by name alone.
    const name = `${kind} ${kind === 'Link' ? object.metadata.name : keyOf(object)}`
    if (seen.has(name)) problems.push(`${name} is there twice: only the first, by file name, is used`)
    return !seen.has(name) && seen.add(name)
  })
}

/** Of two that ask for one port of this machine the first has it. */
function listenersOf(
  imports: readonly OfKind<'ServiceImport'>[],
  problems: string[],
): readonly ListenerSpec[] {
  const taken = new Map<string, ServiceKey>()
  return imports.flatMap((serviceImport) => {
    const key = keyOf(serviceImport)
    try {
      return siteListeners(serviceImport).filter(({ protocol, listenPort }) => {
        const place = `${listenPort}/${protocol}`
        const owner = taken.get(place)
        if (owner === undefined) taken.set(place, key)
        else problems.push(`ServiceImport ${key}: port ${place} of this machine is that of ${owner}`)
        return owner === undefined
      })
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error
      problems.push(`ServiceImport ${key}: ${describeError(error)}`)
      return []
    }
  })
}

function accessOf(
  policies: readonly OfKind<'ServicePolicy'>[],
  exports: readonly KubeObject[],
  problems: string[],
): ReadonlyMap<ServiceKey, ServiceAccess> {
  const access = new Map<ServiceKey, ServiceAccess>()
  for (const [namespace, own] of byNamespace(policies)) {
    const candidates = own.map((policy) => candidate(policy, readServicePolicy(policy)))
    const assigned = assignAccess(candidates, knownIn(namespace, exports))
    for (const [name, each] of assigned.access) access.set(serviceKey(namespace, name), each)
    for (const [name, outcome] of assigned.outcomes)
      problems.push(...accessProblems(`ServicePolicy ${namespace}/${name}`, outcome))
  }
  return access
}

function accessProblems(policy: string, { invalid, crowded }: AccessOutcome): string[] {
  return [
    ...(invalid === undefined
      ? []
      : [`${policy}: ${invalid}. Until this is mended it lets nobody call its targets`]),
    ...(crowded.length === 0
      ? []
      : [`${policy}: passed over for ${crowded.length} exports with too many policies`]),
  ]
}

function trafficOf(
  policies: readonly OfKind<'TrafficPolicy'>[],
  services: readonly KubeObject[],
): ReadonlyMap<ServiceKey, TrafficSettings> {
  const settings = new Map<ServiceKey, TrafficSettings>()
  for (const [namespace, own] of byNamespace(policies)) {
    const candidates = own.map((policy) => candidate(policy, readTrafficPolicy(policy)))
    for (const [name, each] of assignTraffic(candidates, knownIn(namespace, services)).settings)
      settings.set(serviceKey(namespace, name), each)
  }
  return settings
}

function byNamespace<P extends KubeObject>(policies: readonly P[]): Map<string, P[]> {
  return Map.groupBy(policies, ({ metadata }) => metadata.namespace ?? '')
}

function candidate<R>({ metadata }: KubeObject, read: R): Candidate<R> {
  const { name = '', creationTimestamp: createdAt = '' } = metadata
  return { name, createdAt, generation: undefined, read }
}

function knownIn(namespace: string, objects: readonly KubeObject[]): KnownService[] {
  const here = objects.filter(({ metadata }) => metadata.namespace === namespace)
  return [...Map.groupBy(here, keyOf)].map(([key, found]) => ({
    name: splitKey(key).name,
    labels: found.map(({ metadata }) => metadata.labels ?? {}),
  }))
}
