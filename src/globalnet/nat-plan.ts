/**
 * What a node's nftables table is to hold (ADR 17). A pure function: equal inputs give equal tables, whatever their order.
 */
import { SOURCE_PORTS } from '../api/names.ts'
import { type Cidr, containsBlock, formatCidr } from '../core/cidr.ts'
import type { NatChain, NatSet, NatTable } from './nat-table.ts'

/** An address and a port behind a global address. */
export interface NatTarget {
  readonly address: string
  readonly port: number
}

/** Who answers at a global address. */
export const GlobalKind = {
  /** Every router, at one port: the import's. */
  routed: 'routed',
  /** The targets themselves: local pods. */
  direct: 'direct',
} as const
export type GlobalKind = (typeof GlobalKind)[keyof typeof GlobalKind]

/** One port of a global address. */
export interface NatGlobal {
  readonly address: string
  readonly protocol: 'tcp' | 'udp'
  readonly port: number
  readonly kind: GlobalKind
  /** Those that take new connections. None: it is refused. */
  readonly targets: readonly NatTarget[]
}

/** Connections of `router` from these ports have `address` at the backend. */
export interface NatSource {
  readonly router: string
  readonly first: number
  readonly last: number
  readonly address: string
}

/** All of IPv4, all checked: `nat-input.ts` makes it. */
export interface NatInput {
  readonly globals: readonly NatGlobal[]
  readonly routers: {
    /** New connections go to these; when there is none, to all. */
    readonly ready: readonly string[]
    /** Connections of these from SOURCE_PORTS are ones that we translate. */
    readonly all: readonly string[]
  }
  /** Addresses of the pods of this node, without those on its own network. */
  readonly localPods: readonly string[]
  readonly sources: readonly NatSource[]
  /** Global addresses: what in them is nobody's is refused. */
  readonly ranges: readonly Cidr[]
}

export type NatPlan = NatTable

const PORT_KEY = 'inet_proto . ipv4_addr . inet_service'
/** Names of our sets and maps that others than this file read. */
export const SetName = {
  endpoints: 'endpoints',
  ranges: 'ranges',
  routers: 'routers',
  sources: 'sources',
} as const

/** The table for `input`. */
export function planNat(input: NatInput): NatPlan {
  const globals = sortGlobals(input.globals)
  const spread = globals.filter((global) => global.targets.length > 0)
  const routed = spread.filter(isRouted)
  const direct = spread.filter((global) => !isRouted(global))
  const several = direct.filter(({ targets }) => targets.length > 1)
  return {
    sets: new Map(Object.entries(plannedSets(input, { routed, direct, several }))),
    chains: new Map([...baseChains(input), ...several.map(spreadChain)]),
  }
}

interface Served {
  readonly routed: readonly NatGlobal[]
  readonly direct: readonly NatGlobal[]
  readonly several: readonly NatGlobal[]
}

function plannedSets(input: NatInput, { routed, direct, several }: Served): Record<string, NatSet> {
  const single = direct.filter(({ targets }) => targets.length === 1)
  // Without a range there are no slots, and routers may still have their old ephemeral ports.
  const guarded = input.ranges.length === 0 ? [] : input.routers.all
  return {
    [SetName.endpoints]: map(
      `${PORT_KEY} : ipv4_addr . inet_service`,
      single.map((global) => [keyOf(global), targetText(global.targets[0])]),
    ),
    hairpins: set(
      'ipv4_addr . ipv4_addr',
      hairpins(direct, input.localPods).map((each) => `${each} . ${each}`),
    ),
    pods: set('ipv4_addr', input.localPods),
    ports: map(
      `${PORT_KEY} : inet_service`,
      routed.map((global) => [keyOf(global), `${global.targets[0]?.port}`]),
    ),
    [SetName.ranges]: set('ipv4_addr', outermost(input.ranges), 'interval'),
    [SetName.routers]: set('ipv4_addr', guarded),
    services: map(
      `${PORT_KEY} : verdict`,
      several.map((global) => [keyOf(global), `goto ${chainOf(global)}`]),
    ),
    [SetName.sources]: map(
      'ipv4_addr . inet_service : ipv4_addr',
      input.sources.map((source) => [slotText(source), source.address]),
      'interval',
    ),
  }
}

function baseChains({ routers }: NatInput): [string, NatChain][] {
  const { first, last } = SOURCE_PORTS
  const ported = 'meta l4proto { tcp, udp }'
  const name = 'ip saddr . th sport map @sources'
  const unknown = `ip saddr @routers ${ported} th sport ${first}-${last} drop`
  const redirected = 'ct original ip daddr @ranges'
  return [
    hook('forward', 'filter hook forward priority 0', ['ip daddr @ranges goto refuse']),
    hook('input', 'nat hook input priority 95', [`${ported} snat ip to ${name}`, unknown]),
    hook('output', 'nat hook output priority -105', ['ip daddr @ranges jump translate']),
    hook('postrouting', 'nat hook postrouting priority 95', [
      `ip daddr @pods ${ported} snat ip to ${name}`,
      `ip daddr @pods ${unknown}`,
      `${redirected} ip saddr . ip daddr @hairpins masquerade`,
      `${redirected} ip saddr != @pods fib saddr type != local masquerade`,
    ]),
    hook('prerouting', 'nat hook prerouting priority -105', ['ip daddr @ranges jump translate']),
    chain('refuse', ['meta l4proto tcp reject with tcp reset', 'reject with icmp type port-unreachable']),
    hook('sent', 'filter hook output priority 0', ['ip daddr @ranges goto refuse']),
    chain('translate', [
      'meta l4proto . ip daddr . th dport vmap @services',
      'dnat ip to meta l4proto . ip daddr . th dport map @endpoints',
      ...routerRules(routers),
    ]),
  ]
}

/** One rule spreads the connections of every import, so that routers that come and go change nothing else. */
function routerRules({ ready, all }: NatInput['routers']): string[] {
  const usable = sorted(ready.length > 0 ? ready : all)
  if (usable.length === 0) return []
  const port = 'meta l4proto . ip daddr . th dport map @ports'
  return [`meta l4proto { tcp, udp } dnat ip to ${random(usable)} : ${port}`]
}

function spreadChain(global: NatGlobal): [string, NatChain] {
  const targets = sorted(global.targets.map(targetText))
  return chain(chainOf(global), [`meta l4proto ${global.protocol} dnat ip to ${random(targets)}`])
}

function random(choices: readonly string[]): string {
  const numbered = choices.map((choice, index) => `${index} : ${choice}`)
  return `numgen random mod ${choices.length} map { ${numbered.join(', ')} }`
}

/** Pods that may reach themselves by a global address; without another source they would see themselves. */
function hairpins(direct: readonly NatGlobal[], localPods: readonly string[]): string[] {
  const local = new Set(localPods)
  return direct
    .flatMap(({ targets }) => targets.map(({ address }) => address))
    .filter((each) => local.has(each))
}

function isRouted({ kind, targets }: NatGlobal): boolean {
  return kind === GlobalKind.routed && targets.every(({ port }) => port === targets[0]?.port)
}

/** Blocks that lie in no other one: those of an interval set must not overlap. */
function outermost(blocks: readonly Cidr[]): string[] {
  const outer = blocks.filter(
    (block) => !blocks.some((other) => other.prefix < block.prefix && containsBlock(other, block)),
  )
  // nft writes a single address without its prefix.
  return outer.map((block) => formatCidr(block).replace(/\/32$/, ''))
}

/** Each port once, in order of its key. */
function sortGlobals(globals: readonly NatGlobal[]): NatGlobal[] {
  const byKey = new Map(globals.map((global) => [keyOf(global), global]))
  return sorted(byKey.keys()).flatMap((key) => byKey.get(key) ?? [])
}

function keyOf({ protocol, address, port }: NatGlobal): string {
  return `${protocol} . ${address} . ${port}`
}

function chainOf({ protocol, address, port }: NatGlobal): string {
  return `to-${protocol}-${address}-${port}`
}

function slotText({ router, first, last }: NatSource): string {
  return `${router} . ${first === last ? first : `${first}-${last}`}`
}

function targetText(target: NatTarget | undefined): string {
  return `${target?.address} . ${target?.port}`
}

function set(type: string, elements: readonly string[], flags?: string): NatSet {
  const entries = sorted(elements).map((element): [string, string] => [element, ''])
  return { kind: 'set', header: headerOf(type, flags), elements: new Map(entries) }
}

function map(type: string, entries: readonly (readonly [string, string])[], flags?: string): NatSet {
  const values = new Map(entries)
  const elements = sorted(values.keys()).map((key): [string, string] => [key, values.get(key) ?? ''])
  return { kind: 'map', header: headerOf(type, flags), elements: new Map(elements) }
}

function headerOf(type: string, flags: string | undefined): string {
  return `type ${type};${flags === undefined ? '' : ` flags ${flags};`}`
}

function hook(name: string, type: string, rules: readonly string[]): [string, NatChain] {
  return [name, { header: `type ${type}; policy accept;`, rules }]
}

function chain(name: string, rules: readonly string[]): [string, NatChain] {
  return [name, { header: '', rules }]
}

/** Each once, in an order that depends on nothing but them. */
function sorted(texts: Iterable<string>): string[] {
  return [...new Set(texts)].sort()
}

/** The slots that a table has, told back. */
export function sourcesOf({ sets }: NatTable): NatSource[] {
  return [...(sets.get(SetName.sources)?.elements ?? [])].flatMap(([key, address]) => {
    const [, router, first, last = first] = /^(\S+) \. (\d+)(?:-(\d+))?$/.exec(key) ?? []
    return router === undefined ? [] : [{ router, first: Number(first), last: Number(last), address }]
  })
}
