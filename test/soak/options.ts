/** Options of the soak, `name=value`. */

export interface SoakOptions {
  readonly minutes: number
  /** Repeats a run's choices, not its timing. */
  readonly seed: number
}

const USAGE = 'npm run soak -- [minutes=3] [seed=1]'

/** Throws on what it does not know. */
export function parseOptions(args: readonly string[], randomSeed: number): SoakOptions {
  const given = new Map(args.map((arg) => arg.split('=', 2) as [string, string]))
  const take = (name: string, standard: number): number => {
    const value = Number(given.get(name) ?? standard)
    given.delete(name)
    if (!(value > 0)) throw new Error(`${name} has to be a number above 0; usage: ${USAGE}`)
    return value
  }
  const options = { minutes: take('minutes', 3), seed: take('seed', randomSeed) }
  if (given.size > 0) throw new Error(`unknown option ${[...given.keys()].join(', ')}; usage: ${USAGE}`)
  return options
}
