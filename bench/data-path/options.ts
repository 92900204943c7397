/** Options of the benchmark, `name=value`. */

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
export const USAGE =
  'rounds=3 ms=2000 flows=2000,10000 only=haproxy,nginx,"node pipe",fairlead rows=bulk-1,churn,... (PROFILE=DIR keeps CPU profiles)'

/** Throws on what it does not know. */
export function parseOptions(args: readonly string[]): Options {
  const given = new Map(args.map(splitAtEquals))
  const take = (name: string, standard: string): string => {
    const value = given.get(name) ?? standard
    given.delete(name)
    return value
  }
  const options = {
    rounds: positive(take('rounds', '3')),
    ms: positive(take('ms', '2000')),
    only: words(take('only', '')),
    rows: words(take('rows', '')),
    flows: words(take('flows', '2000,10000')).map(positive),
  }
  if (given.size > 0) throw new Error(`unknown option ${[...given.keys()].join(', ')}; options: ${USAGE}`)
  return options
}

function splitAtEquals(arg: string): [string, string] {
  const at = arg.indexOf('=')
  return at === -1 ? [arg, ''] : [arg.slice(0, at), arg.slice(at + 1)]
}

function words(list: string): string[] {
  return list.split(',').filter((word) => word !== '')
}

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`${text} is not a positive number; options: ${USAGE}`)
  return value
}
