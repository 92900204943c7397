/**
 * Which router ports the derived Services claim. Users can write Services in their namespaces, so a claim proves
 * nothing: where two claim one port neither is believed, or editing a target port would bring another's clients in. Pure.
 */
import type { PortKey } from '../api/merged-ports.ts'
import type { ServiceKey } from '../api/names.ts'
import type { Service } from '../api/objects.ts'
import { derivedFrom } from './derived-service.ts'
import { type ListenPorts, recordedListenPorts } from './listen-ports.ts'
import { endpointPortKey } from './port-merge.ts'

/** What the derived Services of one import record. */
export type PortClaim = readonly [service: ServiceKey, ports: ListenPorts]

/** The claims of all derived Services among `services`, by import. */
export function portClaims(services: readonly Service[]): PortClaim[] {
  const claims = new Map<ServiceKey, Map<PortKey, number>>()
  for (const derived of services) {
    const found = derivedFrom(derived)
    if (found === undefined) continue
    const { service, endpoint } = found
    const claim = claims.get(service) ?? new Map<PortKey, number>()
    claims.set(service, claim)
    for (const [port, listenPort] of recordedListenPorts(derived)) {
      claim.set(endpoint === undefined ? port : endpointPortKey(endpoint, port), listenPort)
    }
  }
  return [...claims]
}

/** Router ports that are claimed more than once. */
export function contestedPorts(claims: readonly PortClaim[]): Set<number> {
  const seen = new Set<number>()
  const contested = new Set<number>()
  for (const port of claims.flatMap(([, ports]) => [...ports.values()])) {
    if (seen.has(port)) contested.add(port)
    seen.add(port)
  }
  return contested
}
