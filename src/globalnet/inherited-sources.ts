/**
 * Slots that an earlier agent of this node wrote, kept for a while: an agent that starts must not cut off the routers
 * whose slots it has not been told yet. Knows no clock but the one it is given.
 */
import type { SourceTable } from '../api/global-source.ts'
import type { Clock } from '../core/clock.ts'
import { INHERIT_MS } from './nat-limits.ts'
import { type NatInput, type NatSource, sourcesOf } from './nat-plan.ts'
import type { NatTable } from './nat-table.ts'

export class InheritedSources {
  readonly #clock: Pick<Clock, 'monotonic'>
  #begun = false
  #sources: readonly NatSource[] = []
  #until = 0

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** With the table that was found first; later ones are our own. */
  begin(table: NatTable | undefined): void {
    if (this.#begun) return
    this.#begun = true
    this.#sources = table === undefined ? [] : sourcesOf(table)
    this.#until = this.#clock.monotonic() + INHERIT_MS
  }

  /** With the slots of routers that are there and have told nothing. Whoever tells anything tells all. */
  addTo(input: NatInput, told: SourceTable): NatInput {
    if (this.#sources.length === 0) return input
    if (this.#clock.monotonic() >= this.#until) this.#sources = []
    const present = new Set(input.routers.all)
    this.#sources = this.#sources.filter(({ router }) => present.has(router) && !told.has(router))
    return { ...input, sources: [...input.sources, ...this.#sources] }
  }
}
