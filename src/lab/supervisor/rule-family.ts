/** A node's addresses by family, with nftables' words for them: every rule stands in a table of each. Pure. */
import { isIPv6 } from 'node:net'
import { type ClusterPlan, INTERNET, INTERNET6 } from '../topology.ts'

export interface RuleFamily {
  /** Of tables, and before `saddr` and `daddr`. */
  readonly ip: 'ip' | 'ip6'
  /** Type of elements of sets and maps. */
  readonly type: 'ipv4_addr' | 'ipv6_addr'
  readonly nodeAddress: string
  readonly podNetwork: string
  readonly internet: { readonly network: string; readonly gateway: string }
}

/** Those that the cluster has. */
export function ruleFamilies({ nodeAddress, podNetwork, ipv6 }: ClusterPlan): readonly RuleFamily[] {
  const first: RuleFamily = { ip: 'ip', type: 'ipv4_addr', nodeAddress, podNetwork, internet: INTERNET }
  return ipv6 === undefined
    ? [first]
    : [first, { ...ipv6, ip: 'ip6', type: 'ipv6_addr', internet: INTERNET6 }]
}

/** Of the tables that hold this address. */
export function familyWord(address: string): RuleFamily['ip'] {
  return isIPv6(address) ? 'ip6' : 'ip'
}
