/**
 * Shortest distances from one slot to all others, kept up to date while edges change: only what a change affects is
 * computed again (the algorithm of Ramalingam and Reps, as in LPA*). A run visits no slot more than twice.
 */
import type { Edge } from './link-graph.ts'
import { SlotHeap } from './slot-heap.ts'

/** The part of the graph that paths are computed from. */
export interface Weighted {
  edgesOf(slot: number): readonly Edge[]
  penaltyOf(slot: number): number
}

/** Weights are added in one way everywhere, so that sums of the same edges are the same number. */
const FAR = Number.POSITIVE_INFINITY

export class ShortestPaths {
  readonly #graph: Weighted
  readonly #source: number
  /** Settled by the last run. */
  readonly #distances: number[] = []
  /** What the neighbours' distances and the edges say now: where the two differ there is work to do. */
  readonly #expected: number[] = []
  readonly #heap = new SlotHeap()
  /** A shortest path was or may be concerned by changes since the last run. */
  #touched = false
  #visited = 0

  constructor(graph: Weighted, source: number) {
    this.#graph = graph
    this.#source = source
    this.#distances[source] = 0
    this.#expected[source] = 0
  }

  /** Slots visited by all runs so far: what the work is measured by. */
  get visited(): number {
    return this.#visited
  }

  /** A run would do something. */
  get isTouched(): boolean {
    return this.#touched
  }

  distanceOf(slot: number): number {
    return this.#distances[slot] ?? FAR
  }

  distances(): readonly number[] {
    return this.#distances.slice()
  }

  /** The weight from one slot to another changed; the graph has it already. An edge that no shortest path uses or will use costs nothing. */
  onWeight(from: number, to: number, before: number, after: number): void {
    const start = this.distanceOf(from)
    const expected = this.#expected[to] ?? FAR
    if (start === FAR || (start + before !== expected && start + after > expected)) return
    this.#touched = true
    this.#expect(to)
  }

  /** Settles all distances. Says whether any shortest path may be another now. */
  run(): boolean {
    if (!this.#touched) return false
    this.#touched = false
    for (let slot = this.#heap.pop(); slot !== undefined; slot = this.#heap.pop()) this.#settle(slot)
    return true
  }

  #settle(slot: number): void {
    this.#visited += 1
    const before = this.distanceOf(slot)
    const expected = this.#expected[slot] ?? FAR
    if (before > expected) this.#nearer(slot, expected)
    else this.#farther(slot, before)
  }

  #nearer(slot: number, distance: number): void {
    this.#distances[slot] = distance
    const penalty = this.#graph.penaltyOf(slot)
    for (const { to, metric } of this.#graph.edgesOf(slot)) {
      const through = distance + (metric + penalty)
      if (to === this.#source || through >= (this.#expected[to] ?? FAR)) continue
      this.#expected[to] = through
      this.#queue(to)
    }
  }

  /** Its own distance is found anew, and that of all that were reached through it. */
  #farther(slot: number, before: number): void {
    this.#distances[slot] = FAR
    this.#queue(slot)
    const penalty = this.#graph.penaltyOf(slot)
    for (const { to, metric } of this.#graph.edgesOf(slot)) {
      if (this.#expected[to] === before + (metric + penalty)) this.#expect(to)
    }
  }

  #expect(slot: number): void {
    if (slot === this.#source) return
    let least = FAR
    for (const { to, metric } of this.#graph.edgesOf(slot)) {
      const distance = this.distanceOf(to) + (metric + this.#graph.penaltyOf(to))
      if (distance < least) least = distance
    }
    this.#expected[slot] = least
    this.#queue(slot)
  }

  #queue(slot: number): void {
    const distance = this.distanceOf(slot)
    const expected = this.#expected[slot] ?? FAR
    if (distance === expected) this.#heap.delete(slot)
    else this.#heap.set(slot, Math.min(distance, expected))
  }
}
