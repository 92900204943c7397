/**
 * Families of addresses: which an import has, and how its derived Service asks for them. Pure. Routers carry bytes, not
 * packets, so that the family of an import and that of the backends need not be the same.
 */
import { isIPv6 } from 'node:net'
import type { EndpointSlice, IPFamily, Service } from '../api/objects.ts'
import { SLICE_MAX_ENDPOINTS } from './limits.ts'

/** Family of an address in text. */
export function familyOf(address: string): IPFamily {
  return isIPv6(address) ? 'IPv6' : 'IPv4'
}

/** The addresses of a family, as many as one slice holds. */
export function ofFamily(addresses: readonly string[], family: IPFamily): string[] {
  return addresses.filter((address) => familyOf(address) === family).slice(0, SLICE_MAX_ENDPOINTS)
}

/** Families of a Service, its first one first. */
export function serviceFamilies({ spec }: Service): readonly IPFamily[] {
  return spec?.ipFamilies ?? ['IPv4']
}

/** Families of all exports, in the order of the oldest. */
export function unitedFamilies(
  oldestFirst: readonly { readonly ipFamilies: readonly IPFamily[] }[],
): IPFamily[] {
  return [...new Set(oldestFirst.flatMap(({ ipFamilies }) => ipFamilies))]
}

/** Those of `wanted` that routers have addresses of; else those that routers have; else `wanted`, while there are none. */
export function servedFamilies(wanted: readonly IPFamily[], routers: readonly string[]): readonly IPFamily[] {
  const served = [...new Set(routers.map(familyOf))]
  const both = wanted.filter((family) => served.includes(family))
  if (both.length > 0) return both
  return served.length > 0 ? served : wanted
}

/** How the derived Service asks for addresses. */
export type AddressRequest = Pick<
  NonNullable<Service['spec']>,
  'clusterIP' | 'clusterIPs' | 'ipFamilies' | 'ipFamilyPolicy'
>

/**
 * Asks for what the import has already, and for a second family where one is wanted and the cluster has it. A family
 * that was there stays when the exports with it go: addresses are for the life of an import.
 */
export function addressRequest(families: readonly IPFamily[], kept: readonly string[]): AddressRequest {
  const [first] = kept
  const [primary] = families
  const isDual = families.length > 1 || kept.length > 1
  return {
    ...(first === undefined ? {} : { clusterIP: first }),
    ...(kept.length > 1 ? { clusterIPs: [...kept] } : {}),
    ...(first === undefined && primary !== undefined ? { ipFamilies: [primary] } : {}),
    ...(isDual ? { ipFamilyPolicy: 'PreferDualStack' } : {}),
  }
}

/** Whether a slice holds addresses of that family. */
export function isOfFamily(slice: EndpointSlice, families: readonly IPFamily[]): boolean {
  return families.some((family) => family === slice.addressType)
}
