/** Options of benchmarks, `name=value`. */

/** What was given: each name can be taken once, with what stands for it when it was not. */
export class NamedOptions {
  readonly #given: Map<string, string>
  /** How to say the options. */
  readonly #usage: string

  constructor(args: readonly string[], usage: string) {
    this.#given = new Map(args.map(splitAtEquals))
    this.#usage = usage
  }

  /** A number above 0. */
  positive(name: string, standard: number): number {
    return this.#positive(this.#take(name, String(standard)))
  }

  /** Numbers above 0, with commas between. */
  positives(name: string, standard: string): number[] {
    return words(this.#take(name, standard)).map((word) => this.#positive(word))
  }

  /** Words with commas between; none when it was not given. */
  words(name: string): string[] {
    return words(this.#take(name, ''))
  }

  /** Throws when something was given that nobody took. */
  end(): void {
    if (this.#given.size === 0) return
    throw new Error(`unknown option ${[...this.#given.keys()].join(', ')}; options: ${this.#usage}`)
  }

  #take(name: string, standard: string): string {
    const value = this.#given.get(name) ?? standard
    this.#given.delete(name)
    return value
  }

  #positive(text: string): number {
    const value = Number(text)
    if (!(value > 0)) throw new Error(`${text} is not a positive number; options: ${this.#usage}`)
    return value
  }
}

/** Those of the names; all when none is given. Throws on a name that there is not. */
export function chosen<T extends { readonly name: string }>(
  all: readonly T[],
  names: readonly string[],
): T[] {
  const unknown = names.filter((name) => !all.some((one) => one.name === name))
  if (unknown.length > 0) {
    throw new Error(
      `unknown or missing: ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}`,
    )
  }
  return all.filter(({ name }) => names.length === 0 || names.includes(name))
}

function splitAtEquals(arg: string): [string, string] {
  const at = arg.indexOf('=')
  return at === -1 ? [arg, ''] : [arg.slice(0, at), arg.slice(at + 1)]
}

function words(list: string): string[] {
  return list.split(',').filter((word) => word !== '')
}
