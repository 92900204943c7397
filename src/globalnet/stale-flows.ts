/**
 * Flows that connection tracking would send the old way after a change: their clients must be translated anew. A pure
 * comparison of two tables.
 */
import { type NatSource, SetName, sourcesOf } from './nat-plan.ts'
import type { NatTable } from './nat-table.ts'

export type StaleFlows =
  /** UDP from a global address to a target that is no longer one of its. TCP ends by itself: the target knows it. */
  | {
      readonly kind: 'target'
      readonly address: string
      readonly port: number
      readonly target: { readonly address: string; readonly port: number }
    }
  /** All that went to a router that is gone: its clients learn it at once from the router that they get next. */
  | { readonly kind: 'router'; readonly range: string; readonly router: string }
  /** What was sent there while nobody translated it. */
  | { readonly kind: 'untranslated'; readonly range: string }
  /** What came from a router's slots when they stood for other addresses: a router that starts anew takes them as it likes. */
  | { readonly kind: 'sources'; readonly router: string; readonly slots: readonly NatSource[] }

/** `before`: what was in force, undefined when there was no table. */
export function staleFlows(before: NatTable | undefined, after: NatTable): StaleFlows[] {
  const ranges = keysOf(after, SetName.ranges)
  const known = new Set(before === undefined ? [] : keysOf(before, SetName.ranges))
  const untranslated = ranges.filter((range) => !known.has(range))
  return [
    ...untranslated.map((range) => ({ kind: 'untranslated' as const, range })),
    ...(before === undefined ? [] : [...lostRouters(before, after, ranges), ...lostTargets(before, after)]),
    ...newSources(before, after),
  ]
}

/** Also slots that are there again: what they stood for before may be longer ago than the table. */
function newSources(before: NatTable | undefined, after: NatTable): StaleFlows[] {
  const known = new Set((before === undefined ? [] : sourcesOf(before)).map(sourceKey))
  const added = sourcesOf(after).filter((source) => !known.has(sourceKey(source)))
  return [...Map.groupBy(added, ({ router }) => router)].map(([router, slots]) => ({
    kind: 'sources',
    router,
    slots,
  }))
}

function sourceKey({ router, first, last, address }: NatSource): string {
  return `${router} ${first} ${last} ${address}`
}

function lostRouters(before: NatTable, after: NatTable, ranges: readonly string[]): StaleFlows[] {
  const present = new Set(keysOf(after, SetName.routers))
  const lost = keysOf(before, SetName.routers).filter((router) => !present.has(router))
  return lost.flatMap((router) => ranges.map((range) => ({ kind: 'router' as const, range, router })))
}

function lostTargets(before: NatTable, after: NatTable): StaleFlows[] {
  const present = new Set(udpTargets(after).map(keyOf))
  return udpTargets(before).filter((flows) => !present.has(keyOf(flows)))
}

type TargetFlows = Extract<StaleFlows, { kind: 'target' }>

/** Of a table that we wrote: a chain's rules are in our words. */
function udpTargets({ sets, chains }: NatTable): TargetFlows[] {
  const single = [...(sets.get(SetName.endpoints)?.elements ?? [])].flatMap(([key, value]) => {
    const [, address = '', port] = /^udp \. (\S+) \. (\d+)$/.exec(key) ?? []
    return port === undefined ? [] : targetsIn(value, address, port)
  })
  const several = [...chains].flatMap(([name, { rules }]) => {
    const [, address = '', port] = /^to-udp-([\d.]+)-(\d+)$/.exec(name) ?? []
    return port === undefined ? [] : targetsIn(rules.join(' '), address, port)
  })
  return [...single, ...several]
}

function targetsIn(text: string, address: string, port: string): TargetFlows[] {
  return [...text.matchAll(/(\d+\.\d+\.\d+\.\d+) \. (\d+)/g)].map(([, target = '', targetPort]) => ({
    kind: 'target',
    address,
    port: Number(port),
    target: { address: target, port: Number(targetPort) },
  }))
}

function keyOf({ address, port, target }: TargetFlows): string {
  return `${address}:${port} ${target.address}:${target.port}`
}

function keysOf({ sets }: NatTable, name: string): string[] {
  return [...(sets.get(name)?.elements.keys() ?? [])]
}
