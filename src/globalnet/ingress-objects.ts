/**
 * Which GlobalIngressIPs there should be for what a cluster exports. Pure.
 */
import type { GlobalIngressIP, IngressTarget } from '../api/globalnet.ts'
import type { EndpointPlace, ExportCandidate } from '../api/globalnet-feed.ts'
import { MANAGED_BY, MANAGED_LABEL, type ServiceKey } from '../api/names.ts'

/** One that should be there. */
export interface WantedIngress {
  readonly object: GlobalIngressIP
  /** Where its endpoint is now; undefined of a Service. */
  readonly place?: EndpointPlace
}

/** By `namespace/name` of the object. */
export function wantedIngress(
  candidates: ReadonlyMap<ServiceKey, ExportCandidate>,
): ReadonlyMap<string, WantedIngress> {
  const wanted = [...candidates.values()].flatMap((candidate) =>
    candidate.record.type === 'Headless' ? endpointsOf(candidate) : [serviceOf(candidate)],
  )
  return new Map(
    wanted.map((each) => [`${each.object.metadata.namespace}/${each.object.metadata.name}`, each]),
  )
}

function serviceOf({ record: { namespace, name } }: ExportCandidate): WantedIngress {
  return { object: objectOf(namespace, ingressName(name), { kind: 'Service', service: name }) }
}

function endpointsOf({ record, places = {} }: ExportCandidate): WantedIngress[] {
  const { namespace, name, endpoints = [] } = record
  return endpoints.map(({ id }) => {
    const place = places[id]
    const target = { kind: 'Endpoint', service: name, endpoint: id } as const
    return {
      object: objectOf(namespace, ingressName(name, id), target),
      ...(place === undefined ? {} : { place }),
    }
  })
}

/** As DNS names them: no name of a Service has a dot, so no two are alike. */
export function ingressName(service: string, endpoint?: string): string {
  return endpoint === undefined ? service : `${endpoint}.${service}`
}

function objectOf(namespace: string, name: string, target: IngressTarget): GlobalIngressIP {
  return { metadata: { namespace, name, labels: { [MANAGED_LABEL]: MANAGED_BY } }, spec: { target } }
}
