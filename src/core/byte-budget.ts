/**
 * One bound on the bytes a process buffers, whatever for. Parts say what they hold, and take from the budget before they
 * let more come than each may without asking. Knows nothing of what the bytes are.
 */

/** What one purpose holds; shared by all parts that buffer for it. */
export class ByteUse {
  readonly #budget: Held
  #bytes = 0

  constructor(budget: Held) {
    this.#budget = budget
  }

  get bytes(): number {
    return this.#bytes
  }

  add(bytes: number): void {
    this.#bytes += bytes
    this.#budget.held += bytes
  }

  remove(bytes: number): void {
    this.add(-bytes)
  }
}

/** The sum over all uses. */
interface Held {
  held: number
}

export class ByteBudget {
  /** Bytes that may be held, and that may be taken. */
  readonly limit: number
  readonly #sum: Held = { held: 0 }
  readonly #uses = new Map<string, ByteUse>()
  #taken = 0

  constructor(limit: number) {
    this.limit = limit
  }

  /** Bytes held now. */
  get held(): number {
    return this.#sum.held
  }

  /** Bytes set aside for what may come. */
  get taken(): number {
    return this.#taken
  }

  /** Bytes that can still be taken: never more than memory is left for. */
  get left(): number {
    return this.limit - Math.max(this.#taken, this.held)
  }

  /** The limit is reached: nothing new should begin. */
  get exhausted(): boolean {
    return this.held >= this.limit
  }

  /** The account of one purpose. */
  use(name: string): ByteUse {
    let use = this.#uses.get(name)
    if (use === undefined) {
      use = new ByteUse(this.#sum)
      this.#uses.set(name, use)
    }
    return use
  }

  /** Bytes by purpose. */
  *uses(): Iterable<readonly [name: string, bytes: number]> {
    for (const [name, { bytes }] of this.#uses) yield [name, bytes]
  }

  /** Sets `bytes` aside; false when there is no room for them. */
  take(bytes: number): boolean {
    if (bytes > this.left) return false
    this.#taken += bytes
    return true
  }

  /** Gives back what was taken and is not needed any more. */
  give(bytes: number): void {
    this.#taken -= bytes
  }
}
