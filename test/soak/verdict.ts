/** What samples of processes at rest say: whether anything grew from the first to the last. Pure. */

/** Measures of one process at rest. */
export interface Sample {
  /** When the process began, seconds since 1970: another value is another process. */
  readonly startedAt: number
  /** Bytes. */
  readonly memory: number
  /** Bytes of it in V8's heap. */
  readonly heap: number
  /** Open files, sockets among them. */
  readonly files: number
  readonly timers: number
  /** Sockets, timers, requests and whatever else Node waits for. */
  readonly resources: number
}

export type Measure = Exclude<keyof Sample, 'startedAt'>

/** How much more the last samples may have than the first: garbage that was not collected, connections that come and go. */
const SLACK: Readonly<Record<Measure, { readonly share: number; readonly amount: number }>> = {
  memory: { share: 0.15, amount: 24 << 20 },
  heap: { share: 0.25, amount: 12 << 20 },
  files: { share: 0.05, amount: 8 },
  timers: { share: 0.05, amount: 8 },
  resources: { share: 0.05, amount: 12 },
}

export interface Finding {
  readonly process: string
  readonly measure: Measure
  /** Median of the first samples. */
  readonly first: number
  /** Median of the last samples. */
  readonly last: number
  /** What `last` may be. */
  readonly bound: number
  readonly flat: boolean
}

/** Samples that have to be there before anything can be said: one to warm up, two to compare with two. */
export const MIN_SAMPLES = 5

/** One finding for each measure. Throws when there are too few samples, or they are of more than one process. */
export function judge(process: string, samples: readonly Sample[]): Finding[] {
  if (samples.length < MIN_SAMPLES) throw new Error(`${samples.length} samples say nothing about ${process}`)
  if (new Set(samples.map(({ startedAt }) => startedAt)).size > 1) {
    throw new Error(`${process} was started anew, which nobody asked for`)
  }
  // The first round warms up: code is compiled, pools fill.
  const warm = samples.slice(1)
  const part = Math.max(2, Math.floor(warm.length / 3))
  return (Object.keys(SLACK) as Measure[]).map((measure) => {
    const first = median(warm.slice(0, part).map((sample) => sample[measure]))
    const last = median(warm.slice(-part).map((sample) => sample[measure]))
    const { share, amount } = SLACK[measure]
    const bound = first * (1 + share) + amount
    return { process, measure, first, last, bound, flat: last <= bound }
  })
}

/** The findings as lines of a table. */
export function tableOf(findings: readonly Finding[]): string {
  const rows = findings.map(({ process, measure, first, last, bound, flat }) => [
    process,
    measure,
    ...[first, last, bound].map((value) => valueText(measure, value)),
    flat ? 'flat' : 'GROWS',
  ])
  const all = [['process', 'measure', 'first', 'last', 'bound', ''], ...rows]
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? []
  const line = (row: readonly string[]) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  return all.map((row) => line(row).trimEnd()).join('\n')
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2
}

function valueText(measure: Measure, value: number): string {
  return measure === 'memory' || measure === 'heap' ? `${(value / 2 ** 20).toFixed(1)} MiB` : value.toFixed(0)
}
