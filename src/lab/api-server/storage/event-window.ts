/**
 * The last changes of one resource, so that a watch can go on from where it stopped.
 */
import type { ApiObject } from '../api-object.ts'

export interface ChangeEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly revision: number
  /** The object after the change; the last state for DELETED. */
  readonly object: ApiObject
  /** The object before the change; undefined for ADDED. */
  readonly previous: ApiObject | undefined
}

/** A bounded queue of changes in revision order. */
export class EventWindow {
  readonly #capacity: number
  #events: ChangeEvent[] = []
  #floor: number

  constructor(capacity: number, floor: number) {
    this.#capacity = capacity
    this.#floor = floor
  }

  /** Changes up to this revision may be forgotten; a watch can resume from here or later. */
  get floor(): number {
    return this.#floor
  }

  push(event: ChangeEvent): void {
    this.#events.push(event)
    if (this.#events.length > this.#capacity * 1.25) this.#trim()
  }

  /** Changes after `revision`, oldest first; undefined when some are forgotten. */
  since(revision: number): readonly ChangeEvent[] | undefined {
    if (revision < this.#floor) return undefined
    let start = this.#events.length
    while (start > 0 && (this.#events[start - 1]?.revision ?? 0) > revision) start -= 1
    return this.#events.slice(start)
  }

  /** Drops in batches, so that a push does not move the array each time. */
  #trim(): void {
    const dropped = this.#events.splice(0, this.#events.length - this.#capacity)
    this.#floor = dropped.at(-1)?.revision ?? this.#floor
  }
}
