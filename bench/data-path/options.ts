/** Options of the benchmark of the data path. */
import { NamedOptions } from '../named-options.ts'

export interface Options {
  readonly rounds: number
  /** Milliseconds of one measurement. */
  readonly ms: number
  /** Only these systems, by name; all when empty. */
  readonly only: readonly string[]
  /** Only these rows, by name; all when empty. */
  readonly rows: readonly string[]
  /** Numbers of idle flows, growing. */
  readonly flows: readonly number[]
}

/** How to say them. */
const USAGE =
  'rounds=3 ms=2000 flows=2000,10000 only=haproxy,nginx,"node pipe",fairlead rows=bulk-1,churn,... (PROFILE=DIR keeps CPU profiles)'

/** Throws on what it does not know. */
export function parseOptions(args: readonly string[]): Options {
  const given = new NamedOptions(args, USAGE)
  const options = {
    rounds: given.positive('rounds', 3),
    ms: given.positive('ms', 2000),
    only: given.words('only'),
    rows: given.words('rows'),
    flows: given.positives('flows', '2000,10000'),
  }
  given.end()
  return options
}
