/**
 * What the objects of a cluster want of its block, and which addresses their statuses record. Pure.
 */
import {
  GLOBAL_DEFAULTS,
  type GlobalEgressIP,
  type GlobalIngressIP,
  type GlobalNetwork,
  type IngressTarget,
} from '../api/globalnet.ts'
import type { ObjectMeta } from '../api/objects.ts'
import { OwnerKey, type RecordedOwner, type WantedOwner } from './allocation.ts'

export interface OwningObjects {
  readonly network: GlobalNetwork
  readonly egress: readonly GlobalEgressIP[]
  readonly ingress: readonly GlobalIngressIP[]
  /** Of what is exported no more: about to be deleted. */
  readonly doomed?: readonly GlobalIngressIP[]
}

export interface Owners {
  readonly wanted: readonly WantedOwner[]
  readonly recorded: readonly RecordedOwner[]
}

/** An object that is being deleted wants nothing any more; what it has is still recorded, so that it rests. */
export function ownersOf({ network, egress, ingress, doomed = [] }: OwningObjects): Owners {
  const owners = [
    ownerOf(
      network.metadata,
      OwnerKey.clusterEgress,
      network.spec?.egressAddresses ?? GLOBAL_DEFAULTS.egressAddresses,
      network.status?.egressIPs,
    ),
    ...egress.map(({ metadata, spec, status }) =>
      ownerOf(
        metadata,
        OwnerKey.egress(namespaceOf(metadata), nameOf(metadata)),
        spec?.count ?? 1,
        status?.allocatedIPs,
      ),
    ),
    ...ingress.flatMap(ownerOfIngress),
  ]
  return {
    wanted: owners.flatMap(({ wanted }) => wanted),
    recorded: [...owners, ...doomed.flatMap(ownerOfIngress)].flatMap(({ recorded }) =>
      recorded.addresses.length === 0 ? [] : [recorded],
    ),
  }
}

function ownerOfIngress({ metadata, spec, status }: GlobalIngressIP) {
  const address = status?.allocatedIP
  const key = spec && ingressOwner(namespaceOf(metadata), spec.target)
  return key === undefined ? [] : [ownerOf(metadata, key, 1, address === undefined ? [] : [address])]
}

/** The owner that a GlobalIngressIP stands for. */
export function ingressOwner(namespace: string, target: IngressTarget): string {
  return target.kind === 'Service'
    ? OwnerKey.service(namespace, target.service)
    : OwnerKey.endpoint(namespace, target.service, target.endpoint)
}

function ownerOf(metadata: ObjectMeta, key: string, count: number, addresses: readonly string[] = []) {
  const createdAt = Date.parse(metadata.creationTimestamp ?? '')
  const isWanted = metadata.deletionTimestamp === undefined
  return { wanted: isWanted ? [{ key, count, createdAt }] : [], recorded: { key, addresses, createdAt } }
}

const nameOf = ({ name = '' }: ObjectMeta) => name
const namespaceOf = ({ namespace = '' }: ObjectMeta) => namespace
