/**
 * Names and labels of the objects that serve an import. Pure: every replica and every restart finds the same ones.
 */
import { createHash } from 'node:crypto'
import { Label, MANAGED_BY, type ServiceKey } from '../api/names.ts'
import type { EndpointSlice, IPFamily } from '../api/objects.ts'
import type { EndpointName } from '../api/route-snapshot.ts'

const BASE32_HEX = '0123456789abcdefghijklmnopqrstuv'

/** Characters of a hash inside a name: 50 bits. */
const HASH_LENGTH = 10

/** Characters of the hash that tells one endpoint from all others: 100 bits, because other clusters choose what is hashed. */
const ENDPOINT_HASH_LENGTH = 20

/** `derived-` and a hash of the service's key, as the reference controller and Cilium name it. */
export function derivedServiceName(key: ServiceKey): string {
  return `derived-${shortHash(key)}`
}

/** Name of the derived Service of one remote endpoint, and of the slice behind it. */
export function endpointServiceName(key: ServiceKey, { cluster, id }: EndpointName): string {
  return `${derivedServiceName(key)}-${shortHash(`${cluster}/${id}`, ENDPOINT_HASH_LENGTH)}`
}

/** First characters of lower-case base32hex(sha256(text)). */
function shortHash(text: string, length = HASH_LENGTH): string {
  const digest = createHash('sha256').update(text).digest()
  return Array.from({ length }, (_, index) => BASE32_HEX[fiveBits(digest, index * 5)]).join('')
}

function fiveBits(bytes: Buffer, offset: number): number {
  const word = bytes.readUInt16BE(offset >> 3)
  return (word >> (11 - (offset & 7))) & 31
}

/**
 * What a slice of a remote cluster is for. `active`: carries traffic. `standby`: that cluster is ready, but another one
 * serves. `excluded`: it is ready, and a policy keeps flows in their own cluster. `stale`: it has been out of
 * reach for long, and has no endpoint here until it is back. `unready`: that cluster declares the ports and has no ready
 * endpoint.
 *
 * Each purpose has its own object: kube-proxy keeps using a slice that loses its service-name label, so a slice must
 * not change sides.
 */
export const SlicePurpose = {
  active: 'active',
  standby: 'standby',
  excluded: 'excluded',
  stale: 'stale',
  unready: 'unready',
} as const
export type SlicePurpose = (typeof SlicePurpose)[keyof typeof SlicePurpose]

/** Name of a slice that leads to a cluster through the routers. */
export function routedSliceName(
  key: ServiceKey,
  purpose: SlicePurpose,
  cluster: string,
  family: IPFamily,
): string {
  return `${derivedServiceName(key)}-${purpose}${family === 'IPv6' ? SIX : ''}-${cluster}`
}

/** Marks the names of slices that have IPv6 addresses. */
const SIX = '6'

/** Name of the slice that mirrors `source`, a slice of the local Service; another one when it carries no traffic. */
export function localSliceName(key: ServiceKey, source: string, cluster: string, carries: boolean): string {
  return `${derivedServiceName(key)}-${shortHash(carries ? source : `idle ${source}`)}-${cluster}`
}

/** What the names of the slices with one kind of remote endpoints begin with; a number and the cluster follow. */
export function hostSlicePrefix(key: ServiceKey, kind: string): string {
  return `${derivedServiceName(key)}-hosts-${shortHash(kind)}-`
}

/** False for the slices of ports whose cluster has no ready endpoint. */
export function isReadySlice(slice: EndpointSlice): boolean {
  const [, , purpose] = (slice.metadata.name ?? '').split('-')
  return purpose !== SlicePurpose.unready && purpose !== `${SlicePurpose.unready}${SIX}`
}

/** Labels that every slice of an import has; `carries` adds the one that kube-proxy goes by. */
export function sliceLabels(
  service: { readonly key: ServiceKey; readonly name: string },
  cluster: string,
  carries: boolean,
): Record<string, string> {
  return {
    [Label.serviceName]: service.name,
    [Label.sourceCluster]: cluster,
    [Label.managedBy]: MANAGED_BY,
    ...(carries ? { [Label.kubeServiceName]: derivedServiceName(service.key) } : {}),
  }
}
