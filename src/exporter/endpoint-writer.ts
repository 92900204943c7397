/**
 * Writes what serves the remote endpoints of a headless import: an endpoint that cannot be written keeps no other from it.
 */
import type { EndpointSlice, Service } from '../api/objects.ts'
import type { TrafficSettings } from '../api/traffic-settings.ts'
import type { Clock } from '../core/clock.ts'
import { inParallel } from '../core/parallel.ts'
import type { OwnedObjects } from '../kube/owned-objects.ts'
import { AddressMemory } from './address-memory.ts'
import { ensureAddressed } from './addressed-service.ts'
import { isOffering } from './chosen-clusters.ts'
import { clusterIps } from './derived-service.ts'
import { type EndpointObjects, type EndpointServiceInputs, endpointObjects } from './endpoint-services.ts'
import type { EndpointFacts } from './headless-status.ts'
import { type Host, hostSlices } from './host-slices.ts'
import { endpointServiceName } from './import-names.ts'
import { ENDPOINT_WRITERS } from './limits.ts'
import { sliceAspect } from './owned-kinds.ts'
import type { RemoteEndpoint } from './remote-endpoints.ts'

export interface EndpointInputs extends EndpointServiceInputs {
  readonly endpoints: readonly RemoteEndpoint[]
  readonly traffic: TrafficSettings
  readonly stale?: ReadonlySet<string>
}

/** The objects that the import has now. */
export interface ExistingObjects {
  readonly services: readonly Service[]
  readonly slices: readonly EndpointSlice[]
}

export interface WrittenEndpoints {
  /** All that should be there, whether or not it could be written. */
  readonly services: readonly Service[]
  readonly slices: readonly EndpointSlice[]
  readonly facts: EndpointFacts
  /** What went wrong. */
  readonly failures: readonly unknown[]
}

export class EndpointWriter {
  readonly #services: OwnedObjects<Service>
  readonly #slices: OwnedObjects<EndpointSlice>
  readonly #clock: Pick<Clock, 'sleep'>
  readonly #memory = new AddressMemory()

  constructor(
    services: OwnedObjects<Service>,
    slices: OwnedObjects<EndpointSlice>,
    clock: Pick<Clock, 'sleep'>,
  ) {
    this.#clock = clock
    this.#services = services
    this.#slices = slices
  }

  /** The derived Services with their slices first: names lead to the addresses that these have. */
  async write(found: ExistingObjects, inputs: EndpointInputs): Promise<WrittenEndpoints> {
    const known = new Map(found.services.map((service) => [service.metadata.name, service]))
    const planned = inputs.endpoints.flatMap((endpoint) => {
      const name = endpointServiceName(inputs.merged.key, endpoint)
      const existing = known.get(name) ?? this.#memory.lastOf(inputs.merged.namespace, name)
      return endpointObjects(endpoint, inputs, existing) ?? []
    })
    const failures = await inParallel(planned, ENDPOINT_WRITERS, (objects) => this.#writeOne(objects, known))
    const addressed = planned.map((objects) => hostsOf(objects, known, inputs))
    const hosts = addressed.flat()
    const { merged, owner } = inputs
    const named = hostSlices({ merged, hosts, existing: found.slices, owner })
    const failedSlices = await inParallel(named, ENDPOINT_WRITERS, async (slice) => {
      await this.#slices.ensure(slice, sliceAspect)
    })
    return {
      services: planned.map(({ service }) => service),
      slices: [...planned.flatMap(({ slices }) => slices), ...named],
      facts: {
        waiting: addressed.filter((each) => each.length === 0).length,
        unserved: unservedOf(inputs.endpoints, planned),
      },
      failures: [...failures, ...failedSlices],
    }
  }

  async #writeOne(
    { service, slices }: EndpointObjects,
    known: Map<string | undefined, Service>,
  ): Promise<void> {
    await Promise.all([
      ensureAddressed(this.#services, service, this.#clock).then((written) => {
        known.set(written.metadata.name, written)
        this.#memory.saw(written)
      }),
      ...slices.map((slice) => this.#slices.ensure(slice, sliceAspect)),
    ])
  }
}

/** An endpoint is found at its global address, or without one at each address of its Service. */
function hostsOf(
  { endpoint, service }: EndpointObjects,
  known: ReadonlyMap<string | undefined, Service>,
  { merged, traffic, stale }: EndpointInputs,
): Host[] {
  const { hostname, ready, globalIp } = endpoint
  const served = new Set(service.spec?.ports?.map(({ protocol, port }) => `${protocol}/${port}`))
  const offered = ready && isOffering(merged, endpoint.cluster, { traffic, stale })
  const ports = endpoint.ports.filter(({ protocol, port }) => served.has(`${protocol}/${port}`))
  const local = clusterIps(known.get(service.metadata.name))
  return (globalIp === undefined || local.length === 0 ? local : [globalIp]).map((address) => ({
    cluster: endpoint.cluster,
    hostname,
    address,
    offered,
    ready,
    ports,
  }))
}

/** How many endpoints of each cluster got no router port. */
function unservedOf(
  endpoints: readonly RemoteEndpoint[],
  planned: readonly EndpointObjects[],
): Map<string, number> {
  const served = new Set(planned.map(({ endpoint }) => endpoint))
  const unserved = new Map<string, number>()
  for (const endpoint of endpoints) {
    if (!served.has(endpoint)) unserved.set(endpoint.cluster, (unserved.get(endpoint.cluster) ?? 0) + 1)
  }
  return unserved
}
