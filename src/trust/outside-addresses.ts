/**
 * Where a Service of ours is reached from outside of its cluster. Pure.
 */
import type { KubeObject, Service } from '../api/objects.ts'

/** A Kubernetes node, as far as its addresses go. */
export interface Node extends KubeObject {
  readonly status?: { readonly addresses?: readonly { readonly type: string; readonly address: string }[] }
}

export interface OutsideAddress {
  readonly host: string
  readonly port: number
}

/** maxItems of spec.endpoints in the CRD of Links. */
const MAX_ADDRESSES = 16

/** Whether the Service is of a type that has an address outside, or will have one. */
export function isOutside({ spec }: Service): boolean {
  return spec?.type === 'LoadBalancer' || spec?.type === 'NodePort'
}

/** The load balancer's addresses, or those of the nodes; none where there are none yet. `port` is the Service's. */
export function outsideAddresses(service: Service, port: number, nodes: readonly Node[]): OutsideAddress[] {
  const { type } = service.spec ?? {}
  if (type === 'LoadBalancer') return balancerAddresses(service, port)
  return type === 'NodePort' ? nodeAddresses(service, port, nodes) : []
}

function balancerAddresses({ status }: Service, port: number): OutsideAddress[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => {
    const host = ip || hostname
    return host ? [{ host, port }] : []
  })
}

/** One address per node, its outside address where it has one. */
function nodeAddresses({ spec }: Service, port: number, nodes: readonly Node[]): OutsideAddress[] {
  const nodePort = spec?.ports?.find((candidate) => candidate.port === port)?.nodePort
  if (nodePort === undefined) return []
  const hosts = nodes.flatMap(({ status }) => {
    const addresses = status?.addresses ?? []
    const best = ['ExternalIP', 'InternalIP'].map(
      (type) => addresses.find((address) => address.type === type)?.address,
    )
    return best.find((address) => address !== undefined) ?? []
  })
  return hosts.slice(0, MAX_ADDRESSES).map((host) => ({ host, port: nodePort }))
}
