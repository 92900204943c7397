/** The same services as objects of a cluster's API, for resolvers that read them there. */
import type { ServiceImport } from '../../src/api/mcs.ts'
import { Label } from '../../src/api/names.ts'
import type { EndpointSlice } from '../../src/api/objects.ts'
import { Resource } from '../../src/api/resources.ts'
import { ApiCluster } from '../../test/support/api-cluster.ts'
import { headlessServices, NAMESPACE, PORT, virtualServices } from './names.ts'

/** Where the endpoints of each service are. */
const CLUSTERS = ['east', 'west'] as const

/** An embedded API server that holds all services. */
export async function startCluster(): Promise<ApiCluster> {
  const cluster = await ApiCluster.start()
  await cluster.namespace(NAMESPACE)
  await Promise.all([
    ...virtualServices.map(({ addresses, name }) =>
      create(cluster, importOf(name, 'ClusterSetIP', addresses), addresses),
    ),
    ...headlessServices.map(({ addresses, name }) => create(cluster, importOf(name, 'Headless'), addresses)),
  ])
  return cluster
}

async function create(
  { client }: ApiCluster,
  object: ServiceImport,
  endpoints: readonly string[],
): Promise<void> {
  await client.create(Resource.serviceImport, object)
  for (const [at, cluster] of CLUSTERS.entries()) {
    const own = endpoints.filter((_, index) => index % CLUSTERS.length === at)
    if (own.length > 0) await client.create(Resource.endpointSlice, sliceOf(object, cluster, own))
  }
}

function importOf(name: string, type: 'ClusterSetIP' | 'Headless', ips?: readonly string[]): ServiceImport {
  return {
    metadata: { name, namespace: NAMESPACE },
    spec: { type, ...(ips && { ips: [...ips] }), ports: [PORT] },
  }
}

function sliceOf({ metadata }: ServiceImport, cluster: string, addresses: readonly string[]): EndpointSlice {
  const name = metadata.name ?? ''
  return {
    metadata: {
      name: `${name}-${cluster}`,
      namespace: NAMESPACE,
      labels: { [Label.serviceName]: name, [Label.sourceCluster]: cluster },
    },
    addressType: 'IPv4',
    ports: [PORT],
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  }
}
