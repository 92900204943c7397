/**
 * An export as far as it goes without global addresses, and where the endpoints of a headless one are. Pure.
 */
import type { ServiceAccess } from '../api/access-policy.ts'
import type { EndpointPlace, ExportCandidate, PlacePort } from '../api/globalnet-feed.ts'
import type { ServiceExport } from '../api/mcs.ts'
import type { EndpointSlice, Service } from '../api/objects.ts'
import { backendsOf, protocolOf } from './endpoints.ts'
import { evaluateExport } from './export-record.ts'
import { isHeadless, namedEndpoints } from './headless-endpoints.ts'

/** Undefined when it exports nothing. */
export function exportCandidate(
  serviceExport: ServiceExport,
  service: Service | undefined,
  slices: readonly EndpointSlice[],
  access?: ServiceAccess,
): ExportCandidate | undefined {
  const evaluation = evaluateExport(serviceExport, service, slices, access)
  if (evaluation.state !== 'valid') return undefined
  const { record } = evaluation
  return service !== undefined && isHeadless(service)
    ? { record, places: placesOf(service, slices) }
    : { record }
}

function placesOf(service: Service, slices: readonly EndpointSlice[]): Record<string, EndpointPlace> {
  const ports = new Map<string, PlacePort[]>()
  for (const port of service.spec?.ports ?? [])
    for (const { address, port: targetPort } of backendsOf(service, port, slices))
      ports.set(address, [
        ...(ports.get(address) ?? []),
        { protocol: protocolOf(port), port: port.port, targetPort },
      ])
  const named = namedEndpoints(service, slices)
  return Object.fromEntries(
    named.map(({ id, address }) => [id, { address, ports: ports.get(address) ?? [] }]),
  )
}
