/** What a site's objects come to: its routes and its records. Pure: by the same rules as in a cluster. */
import type { ServiceKey } from '../../api/names.ts'
import type { EndpointSlice, KubeObject, Service } from '../../api/objects.ts'
import type { ExportedPort, ListenerSpec, RouteSnapshot } from '../../api/route-snapshot.ts'
import type { ServiceRecord } from '../../api/service-record.ts'
import { DEFAULT_TRAFFIC, type TrafficSettings } from '../../api/traffic-settings.ts'
import { describeError, FairleadError } from '../../core/errors.ts'
import { evaluateExport } from '../export-record.ts'
import { exportedPorts, linksOf } from '../route-snapshot-builder.ts'
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
    const evaluation = evaluateExport(serviceExport, ...of)
    if (evaluation.state !== 'valid') problems.push(`ServiceExport ${key}: ${evaluation.message}`)
    else records.set(key, evaluation.record)
    const ports = exportedPorts(serviceExport, ...of, traffic.get(key) ?? DEFAULT_TRAFFIC)
    if (ports !== undefined) exports.set(key, ports)
  }
  const listeners = listenersOf(ofKind('ServiceImport'), problems)
  return {
    routes: { synced: true, listeners, exports, links: linksOf(ofKind('Link')), traffic },
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

function trafficOf(
  policies: readonly OfKind<'TrafficPolicy'>[],
  services: readonly KubeObject[],
): ReadonlyMap<ServiceKey, TrafficSettings> {
  const settings = new Map<ServiceKey, TrafficSettings>()
  for (const [namespace, own] of Map.groupBy(policies, ({ metadata }) => metadata.namespace ?? '')) {
    const candidates = own.map((policy) => ({
      name: policy.metadata.name ?? '',
      createdAt: policy.metadata.creationTimestamp ?? '',
      generation: undefined,
      read: readTrafficPolicy(policy),
    }))
    const here = services.filter(({ metadata }) => metadata.namespace === namespace)
    const known = [...Map.groupBy(here, keyOf)].map(([key, found]) => ({
      name: splitKey(key).name,
      labels: found.map(({ metadata }) => metadata.labels ?? {}),
    }))
    for (const [name, each] of assignTraffic(candidates, known).settings)
      settings.set(`${namespace}/${name}`, each)
  }
  return settings
}
