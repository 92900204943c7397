/** From samples to medians, spreads, and ratios of each round. */
import { round, type Spread, spreadOf } from '../data-path/report.ts'
import { numberText, spreadText } from '../data-path/table.ts'
import type { DnsRow } from './names.ts'
import type { DnsSample } from './rounds.ts'

/** One line of the result. */
export interface DnsLine {
  readonly row: string
  readonly label: string
  readonly measure: string
  /** By resolver, over the rounds. */
  readonly values: Readonly<Record<string, Spread>>
  /** By peer: ours as a multiple of its, taken in each round. */
  readonly ratios: Readonly<Record<string, Spread>>
  /** What is asked of the ratio to `TARGET.than`, and whether its median is that. */
  readonly met?: boolean
}

/** The resolver that the others are compared with. */
const OURS = 'fairlead'

/** DESIGN section 12: names whose answers are kept, per core. */
const TARGET = { than: 'dnsmasq', atLeast: 0.8, rows: ['a', 'headless', 'srv'] } as const

/** What is told of each row. */
export const MEASURES = [
  { measure: 'queries/s', of: ({ perSecond }: DnsSample) => perSecond },
  { measure: 'CPU us/query', of: ({ cpuMicros }: DnsSample) => cpuMicros },
  { measure: 'queries/s per core', of: ({ cpuMicros }: DnsSample) => 1e6 / cpuMicros, target: TARGET },
  { measure: 'lost', of: ({ lost }: DnsSample) => lost },
] as const
type Measure = (typeof MEASURES)[number]

/** All lines, row by row. */
export function dnsLines(rows: readonly DnsRow[], samples: readonly DnsSample[]): DnsLine[] {
  return rows.flatMap((row) => MEASURES.map((measure) => lineOf(row, measure, samples)))
}

function lineOf({ name, label }: DnsRow, measure: Measure, samples: readonly DnsSample[]): DnsLine {
  const own = samples.filter(({ row }) => row === name)
  const resolvers = [...new Set(own.map(({ resolver }) => resolver))]
  const valuesOf = (wanted: string) =>
    new Map(
      own.filter(({ resolver }) => resolver === wanted).map((sample) => [sample.round, measure.of(sample)]),
    )
  const ours = valuesOf(OURS)
  const values = resolvers.map((resolver) => [resolver, spreadOf([...valuesOf(resolver).values()])])
  const ratios = resolvers
    .filter((resolver) => resolver !== OURS)
    .map((peer): [string, number[]] => [peer, ratiosOf(ours, valuesOf(peer))])
    .filter(([, found]) => found.length > 0)
    .map(([peer, found]): [string, Spread] => [peer, spreadOf(found)])
  const reached = Object.fromEntries(ratios)[TARGET.than]?.median
  const wanted = 'target' in measure && (TARGET.rows as readonly string[]).includes(name)
  return {
    row: name,
    label,
    measure: measure.measure,
    values: Object.fromEntries(values),
    ratios: Object.fromEntries(ratios),
    ...(wanted && reached !== undefined ? { met: reached >= TARGET.atLeast } : {}),
  }
}

/** One of each round in which both have a value that can be divided by. */
function ratiosOf(ours: ReadonlyMap<number, number>, theirs: ReadonlyMap<number, number>): number[] {
  return [...ours].flatMap(([roundNumber, value]) => {
    const other = theirs.get(roundNumber) ?? 0
    return other > 0 ? [round(value / other)] : []
  })
}

/** Header and rows, all text. */
export function dnsTable(lines: readonly DnsLine[]): string[][] {
  const resolvers = namesIn(lines.map(({ values }) => values))
  const peers = namesIn(lines.map(({ ratios }) => ratios))
  const header = ['question', 'measure', ...resolvers, ...peers.map((peer) => `/ ${peer}`), 'target', '']
  const body = lines.map(({ label, measure, values, ratios, met }) => [
    label,
    measure,
    ...resolvers.map((resolver) => spreadText(values[resolver])),
    ...peers.map((peer) => spreadText(ratios[peer])),
    met === undefined ? '' : `>= ${numberText(TARGET.atLeast)} x ${TARGET.than}`,
    met === undefined ? '' : met ? 'met' : 'missed',
  ])
  return [header, ...body]
}

function namesIn(records: readonly Readonly<Record<string, Spread>>[]): string[] {
  return [...new Set(records.flatMap((record) => Object.keys(record)))]
}
