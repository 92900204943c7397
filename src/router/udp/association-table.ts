/**
 * The associations of one listener by client. Bounded: in a full table an idle association makes room for a new client,
 * and while all are busy new clients are turned away. Pure.
 */
import type { Allowance } from './allowance.ts'
import { EVICT_IDLE_MS, EVICT_LOOKS, MAX_LISTENER_ASSOCIATIONS } from './limits.ts'

/** What is asked of an association to decide who goes. */
export interface TableMember {
  /** Names it in the table. */
  readonly client: string
  /** Milliseconds of a monotonic clock. */
  readonly lastUsed: number
}

export class AssociationTable<T extends TableMember> {
  /** In the order of a second-chance queue: members found in use go to the end. */
  readonly #members = new Map<string, T>()
  readonly #places: Allowance
  readonly #max: number

  /** `places` bounds all tables of the router together. */
  constructor(places: Allowance, max = MAX_LISTENER_ASSOCIATIONS) {
    this.#places = places
    this.#max = max
  }

  get size(): number {
    return this.#members.size
  }

  get full(): boolean {
    return this.#members.size >= this.#max || this.#places.full
  }

  get(client: string): T | undefined {
    return this.#members.get(client)
  }

  /** Only while it is not full, and for a client that has none. */
  add(member: T): void {
    this.#members.set(member.client, member)
    this.#places.take(1)
  }

  /** Takes out `member` if it is still its client's. */
  delete(member: T): void {
    if (this.#members.get(member.client) !== member) return
    this.#members.delete(member.client)
    this.#places.give(1)
  }

  /** The member that should go for a new client; undefined while those looked at were all used lately. */
  idlest(now: number): T | undefined {
    let idlest: T | undefined
    const looks = Math.min(EVICT_LOOKS, this.#members.size)
    for (let count = 0; count < looks; count++) {
      const [member] = this.#members.values()
      if (member === undefined) break
      this.#toTheEnd(member)
      const idle = now - member.lastUsed >= EVICT_IDLE_MS
      if (idle && (idlest === undefined || member.lastUsed < idlest.lastUsed)) idlest = member
    }
    return idlest
  }

  /** All members, for ending them. */
  all(): T[] {
    return [...this.#members.values()]
  }

  #toTheEnd(member: T): void {
    this.#members.delete(member.client)
    this.#members.set(member.client, member)
  }
}
