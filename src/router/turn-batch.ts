/**
 * Work put off to the end of the event-loop turn: each flow writes once per turn what many reads brought it.
 * TLS hands over pieces of at most 16 KiB, so this saves most of the system calls of a bulk stream.
 */

/** Something with gathered writes. */
export interface Flushable {
  flush(): void
}

/** Flushes each added member once, after all I/O events of the present turn. The caller adds a member once only. */
export class TurnBatch {
  #members: Flushable[] = []
  /** Swapped with `#members` at each turn, so that no array is made for it. */
  #spare: Flushable[] = []
  #scheduled = false
  readonly #run = (): void => this.#flushAll()

  add(member: Flushable): void {
    this.#members.push(member)
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#run)
  }

  #flushAll(): void {
    const members = this.#members
    this.#members = this.#spare
    this.#spare = members
    this.#scheduled = false
    for (const member of members) member.flush()
    members.length = 0
  }
}
