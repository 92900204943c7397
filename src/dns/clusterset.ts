/**
 * The clusterset's zone: from ServiceImports and their EndpointSlices to what the zone holds.
 */

import type { ServiceImport } from '../api/mcs.ts'
import { Label } from '../api/names.ts'
import type { EndpointSlice, Namespace } from '../api/objects.ts'
import type { Clock } from '../core/clock.ts'
import type { Store } from '../kube/types.ts'
import { byFamily } from './addresses.ts'
import { zoneEndpoints, zonePorts } from './zone-objects.ts'
import type { ZoneService } from './zone-snapshot.ts'
import { ZoneSource } from './zone-source.ts'

/** Version of the multicluster DNS specification that we follow. */
export const CLUSTERSET_DNS_VERSION = '1.0.0'

/** Index of the EndpointSlice store: slices by the import they belong to. */
const BY_IMPORT = 'import'

/** Index functions that the EndpointSlice store needs. */
export const importIndexes = { [BY_IMPORT]: (slice: EndpointSlice) => [importOf(slice)] }

/** Label selector of the slices that concern the zone. */
export const IMPORT_SLICES = Label.serviceName

export interface ClusterSetDeps {
  readonly imports: Store<ServiceImport>
  readonly slices: Store<EndpointSlice>
  readonly namespaces: Store<Namespace>
  readonly clock: Clock
}

/** Follows the imports of one cluster. */
export function clusterSetSource(deps: ClusterSetDeps, zone: string): ZoneSource<ServiceImport> {
  return new ZoneSource(
    { ...deps, services: deps.imports },
    {
      serviceOf: importOf,
      index: BY_IMPORT,
      build: (object, slices) => importService(zone, object, slices),
    },
  )
}

/** What an import and the slices labelled with its name stand for; undefined when it has no type yet. */
export function importService(
  zone: string,
  object: ServiceImport,
  slices: readonly EndpointSlice[],
): ZoneService | undefined {
  const { namespace = '', name = '' } = object.metadata
  const { spec } = object
  if (spec === undefined) return undefined
  const endpoints = zoneEndpoints(`${name}.${namespace}.svc.${zone}`, slices, clusterSuffix)
  if (spec.type === 'Headless') return { type: 'Headless', endpoints }
  return { type: 'Virtual', ...byFamily(spec.ips ?? []), ports: zonePorts(spec.ports ?? []), endpoints }
}

/** `namespace/name` of the import a slice belongs to; empty when it belongs to none. */
export function importOf(slice: EndpointSlice): string {
  const { namespace = '', labels } = slice.metadata
  const name = labels?.[Label.serviceName]
  const cluster = labels?.[Label.sourceCluster]
  return name === undefined || cluster === undefined ? '' : `${namespace}/${name}`
}

function clusterSuffix(slice: EndpointSlice): string {
  return `.${slice.metadata.labels?.[Label.sourceCluster]}`
}
