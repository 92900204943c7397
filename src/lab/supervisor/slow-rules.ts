/** Rules that send connections with another cluster through a slow line of the node. Pure. */
import { ASKED_SECONDS } from '../limits.ts'
import type { ClusterPlan } from '../topology.ts'

/** Table that holds the lines, by the node address of the cluster they lead to. */
export const SLOW_TABLE = 'fairlead-lab-slow'

/**
 * TCP connections of pods to an address in `lines` go to the line's own address instead. Which port they wanted is
 * kept in `asked`, where the line finds it. Before Service addresses are translated, which then is done no more.
 */
export function slowRules({ podNetwork }: ClusterPlan): string {
  return `table ip ${SLOW_TABLE} {
  map lines {
    type ipv4_addr : ipv4_addr . inet_service
  }
  map asked {
    type ipv4_addr . inet_service : inet_service
    size 65535
    flags dynamic,timeout
    timeout ${ASKED_SECONDS}s
  }
  chain arriving {
    type nat hook prerouting priority dstnat - 10; policy accept;
    ip saddr ${podNetwork} ip daddr @lines update @asked { ip saddr . tcp sport : tcp dport } dnat ip to ip daddr map @lines
  }
}
`
}

/** A slow line of a node: the node address it leads to, and the port it listens at. */
export interface LineEnd {
  readonly peer: string
  readonly port: number
}

/** The change that sends new connections through these lines and no others. */
export function slowChange({ gateway }: ClusterPlan, lines: readonly LineEnd[]): string {
  const elements = lines.map(({ peer, port }) => `${peer} : ${gateway} . ${port}`)
  const add = elements.length === 0 ? '' : `add element ip ${SLOW_TABLE} lines { ${elements.join(', ')} }\n`
  return `flush map ip ${SLOW_TABLE} lines\n${add}`
}
