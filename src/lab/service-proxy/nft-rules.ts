/**
 * A service table as nftables rules: pure text, one transaction. Rules, maps and elements are replaced whole; sets of
 * session affinity stay as long as their endpoint does, so that clients keep theirs through every change.
 */
import { createHash } from 'node:crypto'
import type { IPFamily } from '../../api/objects.ts'
import type { ServiceTable, Target, VirtualPort } from './service-table.ts'

/** Our own table; the rules of others are never touched. */
export const SERVICE_TABLE = 'fairlead-lab-services'

/** Longest name of a chain or set that every kernel takes. */
const MAX_NAME = 120

/** A set that remembers which clients an endpoint has. */
interface AffinitySet {
  readonly name: string
  readonly seconds: number
}

/** What a transaction leaves behind, for the next one to clean up. */
export interface NamedObjects {
  readonly chains: readonly string[]
  readonly sets: readonly string[]
}

export interface NftRulesConfig {
  readonly family: IPFamily
  readonly serviceNetwork: string
  /** Address inside the service network that the node itself answers. */
  readonly dnsAddress?: string | undefined
}

/** What nftables calls a family, its addresses, and its ICMP. */
const WORDS = {
  IPv4: { ip: 'ip', address: 'ipv4_addr', icmp: 'icmp' },
  IPv6: { ip: 'ip6', address: 'ipv6_addr', icmp: 'icmpv6' },
} as const

export interface NftTransaction {
  readonly text: string
  readonly objects: NamedObjects
}

/** Rules for the ports of the family in `table`. `previous` is what the last transaction left; without it everything of ours is made anew. */
export function nftTransaction(
  table: ServiceTable,
  config: NftRulesConfig,
  previous: NamedObjects | undefined,
): NftTransaction {
  const served = table.filter(
    (port) => port.family === config.family && port.endpoints.length > 0 && port.frontends.length > 0,
  )
  const sets = served.flatMap(affinitySets)
  const objects = { chains: served.map(chainName), sets: sets.map((set) => set.name) }
  const text = [...cleaning(objects, config, previous), ...content(served, sets, config), ''].join('\n')
  return { text, objects }
}

function cleaning(
  next: NamedObjects,
  { family }: NftRulesConfig,
  previous: NamedObjects | undefined,
): string[] {
  const { ip } = WORDS[family]
  if (previous === undefined) return [`table ${ip} ${SERVICE_TABLE}`, `delete table ${ip} ${SERVICE_TABLE}`]
  const gone = (kind: 'chain' | 'set', before: readonly string[], after: readonly string[]) =>
    before
      .filter((name) => !after.includes(name))
      .map((name) => `delete ${kind} ${ip} ${SERVICE_TABLE} ${name}`)
  return [
    `flush table ${ip} ${SERVICE_TABLE}`,
    `flush map ${ip} ${SERVICE_TABLE} frontends`,
    `flush set ${ip} ${SERVICE_TABLE} hairpins`,
    ...gone('chain', previous.chains, next.chains),
    ...gone('set', previous.sets, next.sets),
  ]
}

function content(
  served: readonly VirtualPort[],
  sets: readonly AffinitySet[],
  config: NftRulesConfig,
): string[] {
  const { ip, address } = WORDS[config.family]
  return [
    `table ${ip} ${SERVICE_TABLE} {`,
    ...sets.map(
      ({ name, seconds }) => `  set ${name} { type ${address}; flags dynamic,timeout; timeout ${seconds}s; }`,
    ),
    ...served.flatMap(portChain),
    ...elements(
      'map frontends',
      `${address} . inet_proto . inet_service : verdict`,
      served.flatMap(frontendElements),
    ),
    ...elements('set hairpins', `${address} . ${address}`, hairpinElements(served)),
    ...baseChains(config),
    '}',
  ]
}

function elements(name: string, type: string, list: readonly string[]): string[] {
  const lines =
    list.length === 0 ? [] : ['    elements = {', ...list.map((each) => `      ${each},`), '    }']
  return [`  ${name} {`, `    type ${type}`, ...lines, '  }']
}

function frontendElements(port: VirtualPort): string[] {
  return port.frontends.map(
    (frontend) => `${frontend.address} . ${port.protocol} . ${frontend.port} : goto ${chainName(port)}`,
  )
}

/** A pod that reaches itself through a Service must see the node as its peer, or it would answer itself directly. */
function hairpinElements(served: readonly VirtualPort[]): string[] {
  const addresses = new Set(served.flatMap((port) => port.endpoints.map((endpoint) => endpoint.address)))
  return [...addresses].sort().map((address) => `${address} . ${address}`)
}

function portChain(port: VirtualPort): string[] {
  const rules = port.affinitySeconds === undefined ? [spread(port)] : stickyRules(port)
  return [`  chain ${chainName(port)} {`, ...rules.map((rule) => `    ${rule}`), '  }']
}

function spread({ protocol, endpoints: [only, ...others], endpoints }: VirtualPort): string {
  if (only !== undefined && others.length === 0) return `meta l4proto ${protocol} dnat to ${bracketed(only)}`
  const choices = endpoints.map((each, index) => `${index} : ${each.address} . ${each.port}`)
  return `meta l4proto ${protocol} dnat to numgen random mod ${endpoints.length} map { ${choices.join(', ')} }`
}

/** Known clients go where they went; for others every rule takes its share of what the rules before it left. */
function stickyRules(port: VirtualPort): string[] {
  const { endpoints, protocol } = port
  const source = `${WORDS[port.family].ip} saddr`
  const to = (endpoint: Target) => {
    const remember = `update @${affinitySetName(port, endpoint)} { ${source} }`
    return `${remember} meta l4proto ${protocol} dnat to ${bracketed(endpoint)}`
  }
  return [
    ...endpoints.map((endpoint) => `${source} @${affinitySetName(port, endpoint)} ${to(endpoint)}`),
    ...endpoints.map((endpoint, index) => {
      const left = endpoints.length - index
      return left === 1 ? to(endpoint) : `numgen random mod ${left} == 0 ${to(endpoint)}`
    }),
  ]
}

function bracketed({ address, port }: Target): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

function affinitySets(port: VirtualPort): AffinitySet[] {
  const { affinitySeconds: seconds } = port
  if (seconds === undefined) return []
  return port.endpoints.map((endpoint) => ({ name: affinitySetName(port, endpoint), seconds }))
}

/** The time-out is part of the name: a set cannot change its own. nft takes no colon in a name. */
function affinitySetName(port: VirtualPort, endpoint: Target): string {
  return shorten(
    `clients-${port.id}/${endpoint.address.replaceAll(':', '-')}/${endpoint.port}/${port.affinitySeconds}s`,
  )
}

function chainName(port: VirtualPort): string {
  return shorten(`service-${port.id}`)
}

function shorten(name: string): string {
  if (name.length <= MAX_NAME) return name
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 12)
  return `${name.slice(0, MAX_NAME - 13)}-${digest}`
}

/** What is still addressed to the service network after translation stands for nothing: it is refused. */
function baseChains({ family, serviceNetwork, dnsAddress }: NftRulesConfig): string[] {
  const { ip, icmp } = WORDS[family]
  const translate = `${ip} daddr . meta l4proto . th dport vmap @frontends`
  const others = dnsAddress === undefined ? '' : ` ${ip} daddr != ${dnsAddress}`
  const refuse = `${ip} daddr ${serviceNetwork}${others} goto refuse`
  return `  chain arriving {
    type nat hook prerouting priority dstnat; policy accept;
    ${translate}
  }
  chain local {
    type nat hook output priority -100; policy accept;
    ${translate}
  }
  chain hairpin {
    type nat hook postrouting priority srcnat; policy accept;
    ${ip} saddr . ${ip} daddr @hairpins masquerade
  }
  chain forwarded {
    type filter hook forward priority filter; policy accept;
    ${refuse}
  }
  chain sent {
    type filter hook output priority filter; policy accept;
    ${refuse}
  }
  chain refuse {
    meta l4proto tcp reject with tcp reset
    reject with ${icmp} port-unreachable
  }`.split('\n')
}
