/**
 * The address families of a headless import: those in which it has endpoints, by its slices. It has no address of its own
 * that would tell. Pure.
 */
import { Label } from '../api/names.ts'
import type { EndpointSlice } from '../api/objects.ts'

export type IpFamily = 'IPv4' | 'IPv6'

const FAMILIES: readonly IpFamily[] = ['IPv4', 'IPv6']

/** Of slices that lead to routers only, without the labels of the standard, nobody is told. */
export function headlessFamilies(slices: readonly EndpointSlice[]): IpFamily[] {
  const published = slices.filter(({ metadata }) => metadata.labels?.[Label.sourceCluster] !== undefined)
  const found = new Set<string>(published.map(({ addressType }) => addressType))
  return FAMILIES.filter((family) => found.has(family))
}
