/**
 * The watched resources that exports, imports and routes are made from, with their indexes.
 */
import type { LinkResource } from '../api/link.ts'
import type { ClusterProperty, ServiceExport, ServiceImport } from '../api/mcs.ts'
import { Label, MANAGED_BY, type ServiceKey, serviceKey } from '../api/names.ts'
import type { EndpointSlice, KubeObject, Namespace, Service } from '../api/objects.ts'
import { Resource } from '../api/resources.ts'
import type { ServicePolicy } from '../api/service-policy.ts'
import type { TrafficPolicy } from '../api/traffic-policy.ts'
import { fixedStore } from '../kube/fixed-store.ts'
import { type Reflected, type ReflectorDeps, reflect } from '../kube/reflector.ts'
import type { Store } from '../kube/types.ts'
import { derivedFrom } from './derived-service.ts'
import { IMPORT_DEFINITION, type ImportDefinition, importDefinition } from './import-definition.ts'

/** Names of the indexes. */
export const Index = {
  /** EndpointSlices by the Service they belong to. */
  service: 'service',
  /** Derived Services and imported EndpointSlices by the import they serve. */
  import: 'import',
} as const

/** `namespace/name` of an object. */
export function keyOf({ metadata }: KubeObject): ServiceKey {
  return serviceKey(metadata.namespace ?? '', metadata.name ?? '')
}

/** Namespace and name of a service key. */
export function splitKey(key: ServiceKey): { namespace: string; name: string } {
  const slash = key.indexOf('/')
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

/** The namespace is there, and not being removed. */
export function isLiveNamespace(namespaces: Pick<Store<Namespace>, 'get'>, name: string): boolean {
  const found = namespaces.get({ name })
  return found !== undefined && found.metadata.deletionTimestamp === undefined
}

/** The Service that a slice belongs to. */
export function serviceOfSlice({ metadata }: EndpointSlice): ServiceKey[] {
  const name = metadata.labels?.[Label.kubeServiceName]
  return name === undefined ? [] : [serviceKey(metadata.namespace ?? '', name)]
}

/** The import that a slice of ours serves, be it one of the import or of a derived Service alone. */
export function importOfSlice({ metadata }: EndpointSlice): ServiceKey[] {
  const name = metadata.labels?.[Label.serviceName] ?? metadata.labels?.[Label.derivedFrom]
  if (name === undefined || metadata.labels?.[Label.managedBy] !== MANAGED_BY) return []
  return [serviceKey(metadata.namespace ?? '', name)]
}

/** The import that a Service serves. */
export function importOfService(service: Service): ServiceKey[] {
  const found = derivedFrom(service)
  return found === undefined ? [] : [found.service]
}

/** What exports are made from, and who may call them: enough for a router. Types, not interfaces: they are also read as plain records. */
type ExportStores = {
  readonly exports: Reflected<ServiceExport>
  readonly services: Reflected<Service>
  readonly slices: Reflected<EndpointSlice>
  readonly servicePolicies: Reflected<ServicePolicy>
}

/** What a controller watches. */
export type ControllerStores = ExportStores & {
  readonly imports: Reflected<ServiceImport>
  readonly namespaces: Reflected<Namespace>
  readonly policies: Reflected<TrafficPolicy>
  readonly properties: Reflected<ClusterProperty>
  /** The one of ServiceImports. */
  readonly definitions: Reflected<ImportDefinition>
}

/** What a router watches. */
export type RouteStores = ExportStores & {
  readonly links: Reflected<LinkResource>
  readonly policies: Reflected<TrafficPolicy>
  /** Their labels only. */
  readonly imports: Reflected<ServiceImport>
}

/** Watches one namespace, or all. */
function exportStores(deps: ReflectorDeps, namespace: string | undefined): ExportStores {
  return {
    exports: reflect<ServiceExport>(deps, Resource.serviceExport, { namespace }),
    services: reflect<Service>(deps, Resource.service, {
      namespace,
      indexes: { [Index.import]: importOfService },
    }),
    slices: reflect<EndpointSlice>(deps, Resource.endpointSlice, {
      namespace,
      indexes: { [Index.service]: serviceOfSlice, [Index.import]: importOfSlice },
    }),
    servicePolicies: reflect<ServicePolicy>(deps, Resource.servicePolicy, { namespace }),
  }
}

/** Those of a whole cluster. */
export function controllerStores(deps: ReflectorDeps): ControllerStores {
  return {
    ...exportStores(deps, undefined),
    imports: reflect<ServiceImport>(deps, Resource.serviceImport),
    namespaces: reflect<Namespace>(deps, Resource.namespace),
    policies: reflect<TrafficPolicy>(deps, Resource.trafficPolicy),
    properties: reflect<ClusterProperty>(deps, Resource.clusterProperty),
    definitions: reflect<ImportDefinition>(deps, Resource.customResourceDefinition, {
      fieldSelector: `metadata.name=${IMPORT_DEFINITION}`,
      transform: importDefinition,
    }),
  }
}

/**
 * Those of one namespace, for a controller without any right beyond it: what is of the whole cluster is known otherwise
 * or left out. `properties` is asked once, at the start.
 */
export function namespacedStores(
  deps: ReflectorDeps,
  namespace: string,
  properties: () => Promise<readonly ClusterProperty[]>,
): ControllerStores {
  return {
    ...exportStores(deps, namespace),
    imports: reflect<ServiceImport>(deps, Resource.serviceImport, { namespace }),
    // The namespace it runs in is there, and when that ends, so does the process.
    namespaces: fixedStore<Namespace>(() => [{ metadata: { name: namespace } }]),
    policies: reflect<TrafficPolicy>(deps, Resource.trafficPolicy, { namespace }),
    properties: fixedStore(properties),
    // Unknown: what older definitions lack is not written.
    definitions: fixedStore<ImportDefinition>(() => []),
  }
}

/** `namespace` is where the Links are, `watched` the one namespace that is served; undefined: all. */
export function routeStores(
  deps: ReflectorDeps,
  { namespace, watched }: { readonly namespace: string; readonly watched?: string | undefined },
): RouteStores {
  return {
    ...exportStores(deps, watched),
    links: reflect<LinkResource>(deps, Resource.link, { namespace }),
    policies: reflect<TrafficPolicy>(deps, Resource.trafficPolicy, { namespace: watched }),
    imports: reflect<ServiceImport>(deps, Resource.serviceImport, {
      namespace: watched,
      transform: labelsOnly,
    }),
  }
}

/** A router asks imports for their labels: the rest of them is in their derived Services. */
function labelsOnly({ metadata }: ServiceImport): ServiceImport {
  const { name = '', namespace = '', uid = '', resourceVersion = '', labels, deletionTimestamp } = metadata
  return {
    metadata: {
      name,
      namespace,
      uid,
      resourceVersion,
      ...(labels === undefined ? {} : { labels }),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    },
  }
}

type AnyStores = Readonly<Record<string, Pick<Store<KubeObject>, 'synced' | 'whenSynced'>>>

/** Names of the stores without a complete list yet. */
export function notSynced(stores: AnyStores): string[] {
  return Object.entries(stores)
    .filter(([, store]) => !store.synced)
    .map(([name]) => name)
}

/** Resolves when every store has its first complete list. */
export async function allSynced(stores: AnyStores, signal: AbortSignal): Promise<void> {
  await Promise.all(Object.values(stores).map((store) => store.whenSynced(signal)))
}
