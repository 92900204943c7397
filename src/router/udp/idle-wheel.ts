/**
 * Idle time-outs for many: a member only writes down when it was last used, and is looked at about once in its time-out.
 */
import type { Cancel, Clock } from '../../core/clock.ts'
import { IDLE_STEP_MS } from './limits.ts'

/** Something that ends when it is not used. */
export interface IdleMember {
  /** `IdleWheel.now` at its last use. */
  readonly lastUsed: number
  readonly idleMs: number
}

/** Calls `expire` for members unused for their time-out: never early, late by up to three steps. */
export class IdleWheel<T extends IdleMember> {
  readonly #clock: Clock
  readonly #expire: (member: T) => void
  /** Members by the step in which they are looked at again. */
  readonly #slots = new Map<number, Set<T>>()
  readonly #slotOf = new Map<T, number>()
  /** The last step that was looked at. */
  #step = 0
  #now = 0
  #maxIdleMs = Number.POSITIVE_INFINITY
  #ticking: Cancel | undefined

  constructor(clock: Clock, expire: (member: T) => void) {
    this.#clock = clock
    this.#expire = expire
  }

  /** Coarse monotonic time, milliseconds, at most a step behind. */
  get now(): number {
    if (this.#ticking === undefined) this.#start()
    return this.#now
  }

  get size(): number {
    return this.#slotOf.size
  }

  /** `lastUsed` is `now`. */
  add(member: T): void {
    this.#put(member)
  }

  delete(member: T): void {
    const step = this.#slotOf.get(member)
    if (step === undefined) return
    this.#slotOf.delete(member)
    const slot = this.#slots.get(step)
    slot?.delete(member)
    if (slot?.size === 0) this.#slots.delete(step)
  }

  /** From now on nobody may be idle for longer than `ms`. */
  shorten(ms: number): void {
    this.#maxIdleMs = ms
    for (const member of [...this.#slotOf.keys()]) {
      this.delete(member)
      this.#put(member)
    }
  }

  /** `now` lags by up to a step, so one more is waited. */
  #dueOf({ lastUsed, idleMs }: T): number {
    return lastUsed + Math.min(idleMs, this.#maxIdleMs) + IDLE_STEP_MS
  }

  #put(member: T): void {
    const step = Math.max(Math.ceil(this.#dueOf(member) / IDLE_STEP_MS), this.#step + 1)
    const slot = this.#slots.get(step)
    if (slot === undefined) this.#slots.set(step, new Set([member]))
    else slot.add(member)
    this.#slotOf.set(member, step)
  }

  #start(): void {
    this.#now = this.#clock.monotonic()
    this.#step = Math.floor(this.#now / IDLE_STEP_MS)
    this.#ticking = this.#clock.every(IDLE_STEP_MS, () => this.#tick())
  }

  #tick(): void {
    this.#now = this.#clock.monotonic()
    const last = Math.floor(this.#now / IDLE_STEP_MS)
    while (this.#step < last) {
      this.#step += 1
      this.#look(this.#step)
    }
    if (this.#slotOf.size > 0) return
    this.#ticking?.()
    this.#ticking = undefined
  }

  #look(step: number): void {
    const members = this.#slots.get(step)
    this.#slots.delete(step)
    for (const member of members ?? []) {
      this.#slotOf.delete(member)
      if (this.#dueOf(member) <= this.#now) this.#expire(member)
      else this.#put(member)
    }
  }
}
