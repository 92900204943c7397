/**
 * What an agent watches, shrunk to what it reads: one runs on every node, and each keeps all imports.
 */
import { GLOBAL_NETWORK, type GlobalIngressIP, type GlobalNetwork } from '../api/globalnet.ts'
import { Label, MANAGED_BY } from '../api/names.ts'
import type { EndpointSlice, KubeObject, ObjectMeta, Pod, Service } from '../api/objects.ts'
import { Resource } from '../api/resources.ts'
import { type Reflected, type ReflectorDeps, reflect } from '../kube/reflector.ts'

/** Name of the routers' Service, in the namespace of the product. */
const ROUTER_SERVICE = 'fairlead-router'

/** A type, not an interface: it is also read as a plain record. */
export type AgentStores = {
  readonly services: Reflected<Service>
  readonly slices: Reflected<EndpointSlice>
  readonly ingressIps: Reflected<GlobalIngressIP>
  readonly networks: Reflected<GlobalNetwork>
  readonly pods: Reflected<Pod>
  readonly routerSlices: Reflected<EndpointSlice>
}

export interface AgentStoresConfig {
  readonly nodeName: string
  /** Where the routers are. */
  readonly namespace: string
}

export function agentStores(deps: ReflectorDeps, { nodeName, namespace }: AgentStoresConfig): AgentStores {
  return {
    services: reflect<Service>(deps, Resource.service, {
      labelSelector: Label.derivedFrom,
      transform: serviceFields,
    }),
    slices: reflect<EndpointSlice>(deps, Resource.endpointSlice, {
      // What somebody else wrote behind a derived Service is not for it.
      labelSelector: `${Label.managedBy}=${MANAGED_BY},${Label.kubeServiceName}`,
      transform: sliceFields,
    }),
    ingressIps: reflect<GlobalIngressIP>(deps, Resource.globalIngressIP, { transform: ingressFields }),
    networks: reflect<GlobalNetwork>(deps, Resource.globalNetwork, {
      fieldSelector: `metadata.name=${GLOBAL_NETWORK}`,
      transform: networkFields,
    }),
    pods: reflect<Pod>(deps, Resource.pod, {
      fieldSelector: `spec.nodeName=${nodeName}`,
      transform: podFields,
    }),
    routerSlices: reflect<EndpointSlice>(deps, Resource.endpointSlice, {
      namespace,
      labelSelector: `${Label.kubeServiceName}=${ROUTER_SERVICE}`,
      transform: routerSliceFields,
    }),
  }
}

/** Names of the stores without a complete list yet. */
export function notSynced(stores: AgentStores): string[] {
  return Object.entries(stores)
    .filter(([, store]) => !store.synced)
    .map(([name]) => name)
}

function serviceFields({ metadata, spec }: Service): Service {
  const { annotations = {} } = metadata
  return { metadata: { ...metaFields(metadata), annotations }, spec: { ports: spec?.ports ?? [] } }
}

function sliceFields({ metadata, addressType, endpoints, ports = [] }: EndpointSlice): EndpointSlice {
  return {
    metadata: metaFields(metadata),
    addressType,
    endpoints: (endpoints ?? []).map(({ addresses, conditions = {}, targetRef }) => ({
      addresses: addresses.slice(0, 1),
      conditions,
      ...(targetRef === undefined ? {} : { targetRef: {} }),
    })),
    ports,
  }
}

/** Routers are known by their names. */
function routerSliceFields(slice: EndpointSlice): EndpointSlice {
  const { metadata, addressType, endpoints, ports = [] } = slice
  return {
    metadata: metaFields(metadata),
    addressType,
    endpoints: (endpoints ?? []).map(({ addresses, conditions = {}, targetRef }) => ({
      addresses: addresses.slice(0, 1),
      conditions,
      ...(targetRef === undefined ? {} : { targetRef }),
    })),
    ports,
  }
}

function networkFields({ metadata, status: { range } = {} }: GlobalNetwork): GlobalNetwork {
  return { metadata: metaFields(metadata), status: range === undefined ? {} : { range } }
}

function ingressFields({ metadata, spec, status = {} }: GlobalIngressIP): GlobalIngressIP {
  return { metadata: metaFields(metadata), ...(spec === undefined ? {} : { spec }), status }
}

function podFields({ metadata, spec, status }: Pod): Pod {
  const { phase = '', podIP = '', podIPs = [{ ip: podIP }] } = status ?? {}
  return {
    metadata: { ...metaFields(metadata), labels: {} },
    spec: { hostNetwork: spec?.hostNetwork ?? false },
    status: { phase, podIPs },
  }
}

function metaFields({
  name = '',
  namespace = '',
  uid = '',
  resourceVersion = '',
  creationTimestamp = '',
  labels = {},
}: KubeObject['metadata']): ObjectMeta {
  return { name, namespace, uid, resourceVersion, creationTimestamp, labels }
}
