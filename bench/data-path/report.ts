/** From samples to medians, spreads, ratios and what was asked for. */
import { summarize } from '../statistics.ts'
import type { Measure, Target } from './measures.ts'
import type { Sample } from './rows/row.ts'

/** Lowest, median and highest of the rounds. */
export interface Spread {
  readonly low: number
  readonly median: number
  readonly high: number
}

/** One line of the result. */
export interface Line {
  readonly key: string
  readonly label: string
  /** By system. */
  readonly values: Readonly<Record<string, Spread>>
  /** Fairlead's median as a multiple of each competitor's. */
  readonly ratios: Readonly<Record<string, number>>
  readonly target?: Target
  /** Absent when there is no target, or nothing to compare with. */
  readonly met?: boolean
}

/** The system that the others are compared with. */
export const OURS = 'fairlead'

/** All lines with at least one value. `samples` holds those of each system, one per round and row. */
export function linesOf(
  measures: readonly Measure[],
  samples: ReadonlyMap<string, readonly Sample[]>,
): Line[] {
  return measures
    .map((measure) => lineOf(measure, samples))
    .filter(({ values }) => Object.keys(values).length > 0)
}

function lineOf(measure: Measure, samples: ReadonlyMap<string, readonly Sample[]>): Line {
  const values: Record<string, Spread> = {}
  for (const [system, taken] of samples) {
    const found = taken.map((sample) => sample[measure.key]).filter((value) => value !== undefined)
    if (found.length > 0) values[system] = spreadOf(found)
  }
  const ratios = ratiosOf(values)
  const met = metBy(measure.target, values, ratios)
  return { ...measure, values, ratios, ...(met === undefined ? {} : { met }) }
}

/** Of the values of all rounds. */
export function spreadOf(found: readonly number[]): Spread {
  const { min, p50, max } = summarize(found)
  return { low: round(min), median: round(p50), high: round(max) }
}

function ratiosOf(values: Readonly<Record<string, Spread>>): Record<string, number> {
  const ours = values[OURS]
  if (ours === undefined) return {}
  const others = Object.entries(values).filter(([system, { median }]) => system !== OURS && median > 0)
  return Object.fromEntries(others.map(([system, { median }]) => [system, round(ours.median / median)]))
}

function metBy(
  target: Target | undefined,
  values: Readonly<Record<string, Spread>>,
  ratios: Readonly<Record<string, number>>,
): boolean | undefined {
  if (target === undefined) return undefined
  const { than, atLeast = 0, atMost = Number.POSITIVE_INFINITY } = target
  const reached = than === undefined ? values[OURS]?.median : ratios[than]
  return reached === undefined ? undefined : reached >= atLeast && reached <= atMost
}

/** Three significant digits, whole above a thousand. */
export function round(value: number): number {
  return value >= 1000 ? Math.round(value) : Number(value.toPrecision(3))
}
