/**
 * Writes what serves the remote endpoints of a headless import: an endpoint that cannot be written keeps no other from it.
 */
import type { EndpointSlice, Service } from '../api/objects.ts'
import type { TrafficSettings } from '../api/traffic-settings.ts'
import { inParallel } from '../core/parallel.ts'
import { isOffering } from './chosen-clusters.ts'
import { clusterIps } from './derived-service.ts'
import { type EndpointObjects, type EndpointServiceInputs, endpointObjects } from './endpoint-services.ts'
import type { EndpointFacts } from './headless-status.ts'
import { type Host, hostSlices } from './host-slices.ts'
import { ENDPOINT_WRITERS } from './limits.ts'
import { serviceAspect, sliceAspect } from './owned-kinds.ts'
import type { OwnedObjects } from './owned-objects.ts'
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

  constructor(services: OwnedObjects<Service>, slices: OwnedObjects<EndpointSlice>) {
    this.#services = services
    this.#slices = slices
  }

  /** The derived Services with their slices first: names lead to the addresses that these have. */
  async write(found: ExistingObjects, inputs: EndpointInputs): Promise<WrittenEndpoints> {
    const planned = inputs.endpoints.flatMap((endpoint) => endpointObjects(endpoint, inputs) ?? [])
    const known = new Map(found.services.map((service) => [service.metadata.name, service]))
    const failures = await inParallel(planned, ENDPOINT_WRITERS, ({ service, slice }) =>
      this.#writeOne(service, slice, known),
    )
    const hosts = planned.flatMap((objects) => hostOf(objects, known, inputs))
    const { merged, owner } = inputs
    const named = hostSlices({ merged, hosts, existing: found.slices, owner })
    const failedSlices = await inParallel(named, ENDPOINT_WRITERS, async (slice) => {
      await this.#slices.ensure(slice, sliceAspect)
    })
    return {
      services: planned.map(({ service }) => service),
      slices: [...planned.map(({ slice }) => slice), ...named],
      facts: { waiting: planned.length - hosts.length, unserved: unservedOf(inputs.endpoints, planned) },
      failures: [...failures, ...failedSlices],
    }
  }

  async #writeOne(
    service: Service,
    slice: EndpointSlice,
    known: Map<string | undefined, Service>,
  ): Promise<void> {
    await Promise.all([
      this.#services
        .ensure(service, serviceAspect)
        .then((written) => known.set(written.metadata.name, written)),
      this.#slices.ensure(slice, sliceAspect),
    ])
  }
}

function hostOf(
  { endpoint, service }: EndpointObjects,
  known: ReadonlyMap<string | undefined, Service>,
  { merged, traffic, stale }: EndpointInputs,
): Host[] {
  const [address] = clusterIps(known.get(service.metadata.name))
  if (address === undefined) return []
  const { hostname, ready } = endpoint
  const served = new Set(service.spec?.ports?.map(({ protocol, port }) => `${protocol}/${port}`))
  const offered = ready && isOffering(merged, endpoint.cluster, { traffic, stale })
  const ports = endpoint.ports.filter(({ protocol, port }) => served.has(`${protocol}/${port}`))
  return [{ cluster: endpoint.cluster, hostname, address, offered, ready, ports }]
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
