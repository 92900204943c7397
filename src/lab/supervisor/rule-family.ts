/** A node's addresses by family, with nftables' words for them: every rule stands in a table of each. Pure. */
import { isIPv6 } from 'node:net'
import { addressesOf, INTERNET, INTERNET6, type NodePlan } from '../node-plan.ts'
import type { ClusterPlan } from '../topology.ts'

export interface RuleFamily {
  /** Of tables, and before `saddr` and `daddr`. */
  readonly ip: 'ip' | 'ip6'
  /** Type of elements of sets and maps. */
  readonly type: 'ipv4_addr' | 'ipv6_addr'
  readonly nodeAddress: string
  /** Addresses of the cluster's other nodes. */
  readonly siblings: readonly string[]
  /** Of the whole cluster. */
  readonly podNetwork: string
  readonly internet: { readonly network: string; readonly gateway: string }
}

/** Those that the node has. */
export function ruleFamilies(plan: ClusterPlan, node: NodePlan): readonly RuleFamily[] {
  const others = plan.nodes.filter(({ index }) => index !== node.index).flatMap(addressesOf)
  const siblings = (ip: RuleFamily['ip']) => others.filter((address) => familyWord(address) === ip)
  const first: RuleFamily = {
    ip: 'ip',
    type: 'ipv4_addr',
    nodeAddress: node.address,
    siblings: siblings('ip'),
    podNetwork: plan.podNetwork,
    internet: INTERNET,
  }
  if (plan.ipv6 === undefined || node.ipv6 === undefined) return [first]
  const second: RuleFamily = {
    ip: 'ip6',
    type: 'ipv6_addr',
    nodeAddress: node.ipv6.address,
    siblings: siblings('ip6'),
    podNetwork: plan.ipv6.podNetwork,
    internet: INTERNET6,
  }
  return [first, second]
}

/** Of the tables that hold this address. */
export function familyWord(address: string): RuleFamily['ip'] {
  return isIPv6(address) ? 'ip6' : 'ip'
}
