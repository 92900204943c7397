/**
 * The endpoints that a cluster had in a headless import, read back from what was written for them. Pure.
 */
import { portKey } from '../api/merged-ports.ts'
import { Annotation } from '../api/names.ts'
import type { Endpoint, EndpointSlice, Service } from '../api/objects.ts'
import type { RecordEndpoint, RecordPort } from '../api/service-record.ts'
import { clusterIps, derivedFrom } from './derived-service.ts'
import { protocolOf } from './endpoints.ts'

/** What the derived Services and the slices of the cluster say; an endpoint whose slice is lost is taken for ready. */
export function rememberedEndpoints(
  cluster: string,
  ports: readonly RecordPort[],
  services: readonly Service[],
  slices: readonly EndpointSlice[],
): RecordEndpoint[] {
  const written = new Map(
    slices.flatMap(({ endpoints }) =>
      (endpoints ?? []).map((endpoint) => [endpoint.addresses[0], endpoint] as const),
    ),
  )
  return services.flatMap((service) => {
    const endpoint = derivedFrom(service)?.endpoint
    if (endpoint?.cluster !== cluster) return []
    const globalIp = service.metadata.annotations?.[Annotation.globalIp]
    const remembered = rememberedEndpoint(
      endpoint.id,
      service,
      ports,
      written.get(globalIp ?? clusterIps(service)[0]),
    )
    return [globalIp === undefined ? remembered : { ...remembered, globalIp }]
  })
}

function rememberedEndpoint(
  id: string,
  { spec }: Service,
  ports: readonly RecordPort[],
  written: Endpoint | undefined,
): RecordEndpoint {
  const served = new Set(spec?.ports?.map((port) => portKey({ ...port, protocol: protocolOf(port) })))
  const places = [...ports.keys()].filter((place) => {
    const port = ports[place]
    return port !== undefined && served.has(portKey(port))
  })
  const { hostname = id, conditions } = written ?? {}
  return {
    id,
    ...(hostname === id ? {} : { hostname }),
    ...(conditions?.serving === false ? { unready: true } : {}),
    ...(places.length === ports.length ? {} : { ports: places }),
  }
}
