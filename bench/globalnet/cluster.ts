/** What the agent of one node sees of a cluster with many global addresses, and one change of it each. */

import type { SourceTable } from '../../src/api/global-source.ts'
import { Annotation, Label, SOURCE_PORTS, SOURCE_SLOT_PORTS } from '../../src/api/names.ts'
import type { Endpoint, EndpointSlice, Pod, Service } from '../../src/api/objects.ts'
import type { NatObjects } from '../../src/globalnet/nat-input.ts'
import type { Shape } from './messages.ts'

const NAMESPACE = 'demo'
const CREATED = '2026-01-01T00:00:00Z'
const ROUTERS = ['10.244.255.1', '10.244.255.2', '10.244.255.3']
const SLOTS_PER_ROUTER = 100
const PODS_OF_NODE = 30
const FIRST_ROUTER_PORT = 20_000
const POD_PORT = 8080
const PORT = 80

/** All that a table is made from. */
export interface NodeState {
  readonly objects: NatObjects
  readonly sources: SourceTable
}

/** Imports of Services and of endpoints are alike to an agent: a derived Service each. */
export function nodeState({ services, endpoints }: Shape): NodeState {
  const remote = Math.ceil(endpoints / 2)
  const imports = Array.from({ length: services + remote }, (_, index) => index)
  const own = Array.from({ length: endpoints - remote }, (_, index) => index)
  return {
    objects: {
      services: imports.map((index) => derivedService(index, FIRST_ROUTER_PORT + index)),
      slices: imports.map((index) => routerSlice(index, FIRST_ROUTER_PORT + index)),
      ingressIps: own.map(ownEndpoint),
      pods: Array.from({ length: PODS_OF_NODE }, (_, index) => pod(index)),
      routerSlices: [slice('fairlead-router', ROUTERS, 15_671)],
      network: { metadata: { name: 'cluster' }, spec: {}, status: { range: '242.0.0.0/8' } },
    },
    sources: slots(SLOTS_PER_ROUTER),
  }
}

/** One change each, by its name. */
export const CHANGES: Readonly<Record<string, (state: NodeState) => NodeState>> = {
  "one service's port": ({ objects, sources }) => {
    const port = FIRST_ROUTER_PORT + objects.services.length
    return {
      objects: {
        ...objects,
        services: [derivedService(0, port), ...objects.services.slice(1)],
        slices: [routerSlice(0, port), ...objects.slices.slice(1)],
      },
      sources,
    }
  },
  'one slot added': ({ objects, sources }) => {
    const [router = ''] = ROUTERS
    const list = [...(sources.get(router) ?? []), slot(0, SLOTS_PER_ROUTER)]
    return { objects, sources: new Map([...sources, [router, list]]) }
  },
  'one router gone, with its 100 slots': ({ objects, sources }) => ({
    objects: { ...objects, routerSlices: [slice('fairlead-router', ROUTERS.slice(1), 15_671)] },
    sources,
  }),
}

function derivedService(index: number, routerPort: number): Service {
  return {
    metadata: {
      namespace: NAMESPACE,
      name: `derived-${index}`,
      creationTimestamp: CREATED,
      labels: { [Label.derivedFrom]: `service-${index}` },
      annotations: { [Annotation.globalIp]: `242.1.${index >> 8}.${index & 255}` },
    },
    spec: { ports: [{ name: 'web', protocol: 'TCP', port: PORT, targetPort: routerPort }] },
  }
}

function routerSlice(index: number, routerPort: number): EndpointSlice {
  return slice(`derived-${index}`, ROUTERS, routerPort)
}

function slice(service: string, addresses: readonly string[], port: number): EndpointSlice {
  const endpoints = addresses.map((address): Endpoint => ({ addresses: [address], conditions: {} }))
  return {
    metadata: {
      namespace: NAMESPACE,
      name: `${service}-slice`,
      labels: { [Label.kubeServiceName]: service },
    },
    addressType: 'IPv4',
    endpoints,
    ports: [{ name: 'web', protocol: 'TCP', port }],
  }
}

function ownEndpoint(index: number): NatObjects['ingressIps'][number] {
  const id = `web-${index}`
  return {
    metadata: { namespace: NAMESPACE, name: `${id}.web`, creationTimestamp: CREATED },
    spec: { target: { kind: 'Endpoint', service: 'web', endpoint: id } },
    status: {
      allocatedIP: `242.2.${index >> 8}.${index & 255}`,
      endpoint: {
        address: podAddress(index),
        ports: [{ protocol: 'TCP', port: PORT, targetPort: POD_PORT }],
      },
    },
  }
}

function pod(index: number): Pod {
  return {
    metadata: { namespace: NAMESPACE, name: `pod-${index}` },
    status: { phase: 'Running', podIP: podAddress(index) },
  }
}

function podAddress(index: number): string {
  return `10.244.${index >> 8}.${index & 255}`
}

function slots(count: number): SourceTable {
  return new Map(
    ROUTERS.map((router, at) => [router, Array.from({ length: count }, (_, index) => slot(at, index))]),
  )
}

function slot(router: number, index: number) {
  const first = SOURCE_PORTS.first + index * SOURCE_SLOT_PORTS
  return { first, last: first + SOURCE_SLOT_PORTS - 1, address: `242.9.${router}.${index}` }
}
