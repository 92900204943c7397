/**
 * Which router ports the derived Services claim. Users can write Services in their namespaces, so a claim proves
 * nothing: where two claim one port neither is believed, or editing a target port would bring another's clients in. Pure.
 */
import type { ServiceKey } from '../api/names.ts'
import type { Service } from '../api/objects.ts'
import { derivedFrom } from './derived-service.ts'
import { type ListenPorts, recordedListenPorts } from './listen-ports.ts'

/** What one derived Service records. */
export type PortClaim = readonly [service: ServiceKey, ports: ListenPorts]

/** The claims of all derived Services among `services`. */
export function portClaims(services: readonly Service[]): PortClaim[] {
  return services.flatMap((service) => {
    const key = derivedFrom(service)
    return key === undefined ? [] : [[key, recordedListenPorts(service)] as const]
  })
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
