/**
 * Durations as Kubernetes APIs write them (GEP-2257): up to four numbers with units, such as `1m30s` or `500ms`.
 */
import { FairleadError } from './errors.ts'

/** Text that is no duration, or one outside of its bounds. */
export class DurationError extends FairleadError {
  override readonly name = 'DurationError'

  constructor(message: string) {
    super('duration', message)
  }
}

/** Smallest and largest value that is taken, milliseconds. */
export interface DurationBounds {
  readonly min: number
  readonly max: number
}

const UNITS = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const

/** One part has at most five digits, one text at most four parts: no sum comes near the end of exact integers. */
const DURATION = /^(?:[0-9]{1,5}(?:h|m|s|ms)){1,4}$/
const PART = /(\d+)(ms|h|m|s)/g

/** Milliseconds of `text`; throws DurationError. */
export function parseDuration(text: string, { min, max }: DurationBounds): number {
  if (!DURATION.test(text)) {
    throw new DurationError(
      `"${text.slice(0, 40)}" is no duration: give whole numbers with units h, m, s or ms, such as 1m30s`,
    )
  }
  const ms = [...text.matchAll(PART)].reduce(
    (sum, [, digits, unit]) => sum + Number(digits) * unitOf(unit),
    0,
  )
  if (ms >= min && ms <= max) return ms
  throw new DurationError(`"${text}" is not from ${formatDuration(min)} to ${formatDuration(max)}`)
}

function unitOf(unit: string | undefined): number {
  return UNITS[unit as keyof typeof UNITS]
}

/** The shortest text that `parseDuration` reads as `ms`, a whole number of milliseconds from 0 to 99,999 hours. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s'
  let rest = ms
  let text = ''
  for (const [unit, size] of Object.entries(UNITS)) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0) text += `${count}${unit}`
  }
  return text
}
