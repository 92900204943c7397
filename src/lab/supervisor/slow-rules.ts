/** Rules that send connections with another cluster through a slow line of the node. Pure. */
import { ASKED_SECONDS } from '../limits.ts'
import { familyWord, type RuleFamily } from './rule-family.ts'

/** Table that holds the lines, by the node addresses of the cluster they lead to. */
export const SLOW_TABLE = 'fairlead-lab-slow'

/**
 * TCP connections of pods to an address in `lines` go to the line's own address instead. Where they wanted to go is
 * kept in two maps, where the line finds it by the pod's link and port: an IPv6 address beside a port is more than some
 * nft can compile. Before Service addresses are translated, which then is done no more.
 */
export function slowRules(families: readonly RuleFamily[]): string {
  return families.map(familyRules).join('')
}

function familyRules({ ip, type, podNetwork }: RuleFamily): string {
  return `table ${ip} ${SLOW_TABLE} {
  map lines {
    type ${type} : ${type} . inet_service
  }
${askedMap('addresses', type)}${askedMap('ports', 'inet_service')}  chain arriving {
    type nat hook prerouting priority dstnat - 10; policy accept;
    ${ip} saddr ${podNetwork} ${ip} daddr @lines update @addresses { iif . tcp sport : ${ip} daddr } update @ports { iif . tcp sport : tcp dport } dnat ${ip} to ${ip} daddr map @lines
  }
}
`
}

function askedMap(name: string, value: string): string {
  return `  map ${name} {
    type iface_index . inet_service : ${value}
    size 65535
    flags dynamic,timeout
    timeout ${ASKED_SECONDS}s
  }
`
}

/** A slow line of a node: a node address it leads to, and where it listens for connections to that. */
export interface LineEnd {
  readonly peer: string
  readonly address: string
  readonly port: number
}

/** The change that sends new connections through these lines and no others. */
export function slowChange(families: readonly RuleFamily['ip'][], lines: readonly LineEnd[]): string {
  return families.map((ip) => familyChange(ip, lines)).join('')
}

function familyChange(ip: RuleFamily['ip'], lines: readonly LineEnd[]): string {
  const elements = lines
    .filter(({ peer }) => familyWord(peer) === ip)
    .map(({ peer, address, port }) => `${peer} : ${address} . ${port}`)
  const add =
    elements.length === 0 ? '' : `add element ${ip} ${SLOW_TABLE} lines { ${elements.join(', ')} }\n`
  return `flush map ${ip} ${SLOW_TABLE} lines\n${add}`
}
