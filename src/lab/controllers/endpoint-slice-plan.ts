/**
 * The EndpointSlices of one Service: which to make, change and remove, touching as few as possible. Pure.
 */
import { isDeepStrictEqual } from 'node:util'
import { Label } from '../../api/names.ts'
import type { Endpoint, EndpointPort, EndpointSlice, Service } from '../../api/objects.ts'
import { Resource } from '../../api/resources.ts'
import { portsKey } from './endpoint-slice-ports.ts'
import { type AddressType, addressTypesOf, endpointGroups, type ZoneOf } from './endpoints.ts'
import { MAX_ENDPOINTS_PER_SLICE } from './limits.ts'
import { controllerReference, type WorkloadPod } from './workloads.ts'

/** Value of the managed-by label on slices that come from a Service's selector. */
export const ENDPOINT_SLICE_MANAGER = 'endpointslice-controller.k8s.io'

/** Marks the slices of headless Services. */
const HEADLESS_LABEL = 'service.kubernetes.io/headless'

export interface EndpointSlicePlan {
  readonly create: readonly EndpointSlice[]
  readonly update: readonly EndpointSlice[]
  readonly remove: readonly EndpointSlice[]
}

/** `pods` are those the Service selects, `existing` the slices this controller made for it. */
export function planEndpointSlices(
  service: Service,
  pods: readonly WorkloadPod[],
  existing: readonly EndpointSlice[],
  zoneOf?: ZoneOf,
): EndpointSlicePlan {
  const types = addressTypesOf(service)
  const plans = types.map((type) =>
    planFamily(
      service,
      type,
      pods,
      existing.filter((slice) => slice.addressType === type),
      zoneOf,
    ),
  )
  const foreign = existing.filter((slice) => !types.some((type) => type === slice.addressType))
  return {
    create: plans.flatMap((plan) => plan.create),
    update: plans.flatMap((plan) => plan.update),
    remove: [...plans.flatMap((plan) => plan.remove), ...foreign],
  }
}

function planFamily(
  service: Service,
  addressType: AddressType,
  pods: readonly WorkloadPod[],
  existing: readonly EndpointSlice[],
  zoneOf: ZoneOf | undefined,
): EndpointSlicePlan {
  const groups = endpointGroups(service, pods, addressType, zoneOf)
  const wanted = groups.length === 0 ? [{ ports: [], endpoints: [] }] : groups
  const reusable = new Set(existing)
  const create: EndpointSlice[] = []
  const update: EndpointSlice[] = []
  for (const { ports, endpoints } of wanted) {
    const own = existing.filter((slice) => reusable.has(slice) && samePorts(slice.ports, ports))
    const { kept, fresh } = distribute(endpoints, own)
    for (const [slice, members] of kept) {
      reusable.delete(slice)
      const next = refreshed(service, slice, members)
      if (!sameSlice(slice, next)) update.push(next)
    }
    for (const members of fresh) create.push(newSlice(service, addressType, ports, members))
  }
  return { create, update, remove: [...reusable] }
}

interface Distribution {
  readonly kept: ReadonlyMap<EndpointSlice, readonly Endpoint[]>
  readonly fresh: readonly (readonly Endpoint[])[]
}

/** Endpoints stay in the slice they are in; new ones fill the fullest slices that have room, then new slices. */
function distribute(endpoints: readonly Endpoint[], slices: readonly EndpointSlice[]): Distribution {
  const unplaced = new Map(endpoints.map((endpoint) => [identityOf(endpoint), endpoint]))
  const members = slices.map((slice) => ({
    slice,
    endpoints: slice.endpoints.flatMap((old) => takeFrom(unplaced, identityOf(old))),
  }))
  const rest = [...unplaced.values()]
  for (const entry of members.toSorted((a, b) => b.endpoints.length - a.endpoints.length))
    entry.endpoints.push(...rest.splice(0, MAX_ENDPOINTS_PER_SLICE - entry.endpoints.length))
  const filled = members.filter((entry) => entry.endpoints.length > 0)
  const fresh = chunks(rest, MAX_ENDPOINTS_PER_SLICE)
  const placeholder = filled.length === 0 && fresh.length === 0
  const kept = placeholder ? members.slice(0, 1) : filled
  return {
    kept: new Map(kept.map((entry) => [entry.slice, entry.endpoints])),
    fresh: placeholder && kept.length === 0 ? [[]] : fresh,
  }
}

function takeFrom(unplaced: Map<string, Endpoint>, identity: string): Endpoint[] {
  const endpoint = unplaced.get(identity)
  unplaced.delete(identity)
  return endpoint === undefined ? [] : [endpoint]
}

function refreshed(service: Service, slice: EndpointSlice, endpoints: readonly Endpoint[]): EndpointSlice {
  return {
    ...slice,
    metadata: { ...slice.metadata, labels: labelsFor(service) },
    endpoints: [...endpoints],
  }
}

function newSlice(
  service: Service,
  addressType: AddressType,
  ports: readonly EndpointPort[],
  endpoints: readonly Endpoint[],
): EndpointSlice {
  const { name = '', namespace = 'default' } = service.metadata
  return {
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels: labelsFor(service),
      ownerReferences: [controllerReference(service, Resource.service)],
    },
    addressType,
    endpoints: [...endpoints],
    ports: [...ports],
  }
}

function labelsFor(service: Service): Record<string, string> {
  return {
    ...service.metadata.labels,
    ...(service.spec?.clusterIP === 'None' && { [HEADLESS_LABEL]: '' }),
    [Label.kubeServiceName]: service.metadata.name ?? '',
    [Label.managedBy]: ENDPOINT_SLICE_MANAGER,
  }
}

function samePorts(a: readonly EndpointPort[] | undefined, b: readonly EndpointPort[]): boolean {
  return portsKey(a ?? []) === portsKey(b)
}

function sameSlice(a: EndpointSlice, b: EndpointSlice): boolean {
  return (
    isDeepStrictEqual(a.endpoints, b.endpoints) && isDeepStrictEqual(a.metadata.labels, b.metadata.labels)
  )
}

function identityOf(endpoint: Endpoint): string {
  return endpoint.targetRef?.uid ?? endpoint.addresses.join()
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) =>
    items.slice(at * size, (at + 1) * size),
  )
}
