/**
 * This router's own advertisement: who its neighbours are, told at once when one is lost, later when one comes that came
 * and went too often, and again after a while so that it does not grow old.
 */
import { MAX_ADVERTISEMENT_BYTES, MAX_LINK_COST, MAX_NEIGHBOURS, MAX_PROOF } from '../../api/limits.ts'
import type { Neighbour, RouterAdvertisement } from '../../api/router-advertisement.ts'
import type { Cancel, Clock } from '../../core/clock.ts'
import { byRouter, sameNeighbour } from './advertisement.ts'
import { FlapDamper } from './flap-damper.ts'
import { MAX_SEQUENCE, ORIGINATE_PACE, ROUND_TRIP_DELAY_MS } from './limits.ts'
import { Pacer } from './pacer.ts'

/** Room for all in an advertisement beside its neighbours, bytes. */
const ENVELOPE_BYTES = 1_024 + MAX_PROOF

export interface OriginatorDeps {
  readonly clock: Clock
  /** Adds our signature. Absent: nothing is signed. */
  readonly sign?: ((advertisement: RouterAdvertisement) => RouterAdvertisement) | undefined
  /** Told of each new advertisement of ours. */
  readonly onAdvertisement: (advertisement: RouterAdvertisement) => void
}

export type Self = Pick<RouterAdvertisement, 'router' | 'name' | 'cluster'>

interface Adjacent {
  cost: number
  roundTripMs: number
  /** Ends the time in which the neighbour is kept out; undefined when it is advertised. */
  held: Cancel | undefined
}

export class Originator {
  readonly #deps: OriginatorDeps
  readonly #self: Self
  readonly #damper = new FlapDamper()
  readonly #pacer: Pacer
  readonly #neighbours = new Map<string, Adjacent>()
  #latest: RouterAdvertisement | undefined
  #draining = false
  /** To be told even when nothing is new in it. */
  #due = true
  #sequence = 0
  #later: Cancel | undefined

  constructor(deps: OriginatorDeps, self: Self) {
    this.#deps = deps
    this.#self = self
    this.#pacer = new Pacer(deps.clock, ORIGINATE_PACE, () => this.#originate())
  }

  /** Neighbours that are kept out now, since they came and went too often. */
  get held(): number {
    return [...this.#neighbours.values()].filter(({ held }) => held !== undefined).length
  }

  /** A neighbour is there; `roundTripMs` is a step. */
  up(router: string, cost: number, roundTripMs: number): void {
    const holdMs = this.#damper.holdMs(router, this.#deps.clock.monotonic())
    const held = holdMs === 0 ? undefined : this.#deps.clock.after(holdMs, () => this.#release(router))
    this.#neighbours.set(router, { cost: Math.min(cost, MAX_LINK_COST), roundTripMs, held })
    if (held === undefined) this.#pacer.request()
  }

  /** What is said of a neighbour changed. A round trip alone can wait. */
  change(router: string, cost: number, roundTripMs: number): void {
    const adjacent = this.#neighbours.get(router)
    if (adjacent === undefined) return
    if (adjacent.cost !== cost) this.#pacer.request()
    else if (adjacent.roundTripMs !== roundTripMs) this.#requestLater()
    adjacent.cost = Math.min(cost, MAX_LINK_COST)
    adjacent.roundTripMs = roundTripMs
  }

  down(router: string): void {
    this.#damper.lost(router, this.#deps.clock.monotonic())
    this.#neighbours.get(router)?.held?.()
    this.#neighbours.delete(router)
    this.#pacer.request()
  }

  drain(): void {
    this.#draining = true
    this.#pacer.request()
  }

  /** Says everything again, with a new sequence above `beyond`. */
  refresh(beyond = 0): void {
    this.#sequence = Math.min(MAX_SEQUENCE - 1, Math.max(this.#sequence, beyond))
    this.#due = true
    this.#pacer.request()
  }

  stop(): void {
    this.#pacer.cancel()
    this.#later?.()
    for (const { held } of this.#neighbours.values()) held?.()
  }

  #release(router: string): void {
    const adjacent = this.#neighbours.get(router)
    if (adjacent === undefined) return
    adjacent.held = undefined
    this.#pacer.request()
  }

  #requestLater(): void {
    this.#later ??= this.#deps.clock.after(ROUND_TRIP_DELAY_MS, () => {
      this.#later = undefined
      this.#pacer.request()
    })
  }

  #originate(): void {
    const neighbours = this.#advertised()
    if (!this.#due && !this.#isNews(neighbours)) return
    this.#due = false
    this.#sequence += 1
    const latest = { ...this.#self, sequence: this.#sequence, draining: this.#draining, neighbours }
    this.#latest = latest
    this.#deps.onAdvertisement(this.#deps.sign?.(latest) ?? latest)
  }

  /** Those that came first, when there are more than fit. */
  #advertised(): Neighbour[] {
    return [...this.#neighbours]
      .filter(([, { held }]) => held === undefined)
      .slice(0, MAX_NEIGHBOURS)
      .map(([router, { cost, roundTripMs }]): Neighbour => [router, cost, roundTripMs])
      .filter(withinBytes(MAX_ADVERTISEMENT_BYTES - ENVELOPE_BYTES))
      .sort(byRouter)
  }

  #isNews(neighbours: readonly Neighbour[]): boolean {
    const before = this.#latest
    return (
      before === undefined ||
      before.draining !== this.#draining ||
      before.neighbours.length !== neighbours.length ||
      !neighbours.every((neighbour, index) => sameNeighbour(neighbour, before.neighbours[index]))
    )
  }
}

/** Lets through what fits, in order. */
function withinBytes(room: number): (neighbour: Neighbour) => boolean {
  let left = room
  return (neighbour) => {
    left -= JSON.stringify(neighbour).length + 1
    return left >= 0
  }
}
