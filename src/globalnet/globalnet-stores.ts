/**
 * The watched resources that global addresses are made from.
 */
import type { GlobalEgressIP, GlobalIngressIP, GlobalNetwork } from '../api/globalnet.ts'
import type { KubeObject } from '../api/objects.ts'
import { Resource } from '../api/resources.ts'
import { type Reflected, type ReflectorDeps, reflect } from '../kube/reflector.ts'

/** Types, not interfaces: they are also read as plain records. */
export type EgressStores = {
  readonly networks: Reflected<GlobalNetwork>
  readonly egress: Reflected<GlobalEgressIP>
  readonly ingress: Reflected<GlobalIngressIP>
}

export type GlobalnetStores = EgressStores & {
  readonly nodes: Reflected<NodeNetwork>
}

/** A node, reduced to its addresses. */
export interface NodeNetwork extends KubeObject {
  readonly podCidrs: readonly string[]
  readonly addresses: readonly string[]
}

interface Node extends KubeObject {
  readonly spec?: { readonly podCIDR?: string; readonly podCIDRs?: readonly string[] }
  readonly status?: { readonly addresses?: readonly { readonly type: string; readonly address: string }[] }
}

/** All that a router needs. */
export function egressStores(deps: ReflectorDeps): EgressStores {
  return {
    networks: reflect<GlobalNetwork>(deps, Resource.globalNetwork),
    egress: reflect<GlobalEgressIP>(deps, Resource.globalEgressIP),
    ingress: reflect<GlobalIngressIP>(deps, Resource.globalIngressIP),
  }
}

/** All that the controller needs. */
export function globalnetStores(deps: ReflectorDeps): GlobalnetStores {
  return {
    ...egressStores(deps),
    nodes: reflect<NodeNetwork>(deps, Resource.node, { transform: nodeNetwork }),
  }
}

function nodeNetwork(object: KubeObject): NodeNetwork {
  const { metadata, spec = {}, status = {} } = object as Node
  const { name = '', uid = '', resourceVersion = '' } = metadata
  const single = spec.podCIDR === undefined ? [] : [spec.podCIDR]
  return {
    metadata: { name, uid, resourceVersion },
    podCidrs: spec.podCIDRs ?? single,
    addresses: (status.addresses ?? [])
      .filter(({ type }) => ADDRESSES.has(type))
      .map(({ address }) => address),
  }
}

/** Types of node addresses that are addresses, and no names. */
const ADDRESSES: ReadonlySet<string> = new Set(['InternalIP', 'ExternalIP'])
