/** What happens to a network, one thing after the other, and what it takes. */
import type { TopologyDigest, TopologyMessage } from '../../src/api/router-advertisement.ts'
import { silentLogger } from '../../src/core/log.ts'
import { FORGET_MS, SWEEP_MS } from '../../src/router/topology/limits.ts'
import { TopologyEngine } from '../../src/router/topology/topology-engine.ts'
import { quantile } from '../statistics.ts'
import { dice, type Graph } from './graphs.ts'
import type { Happened } from './messages.ts'
import { wrongViews } from './reference.ts'
import type { Simulation } from './simulation.ts'
import { VirtualClock } from './virtual-clock.ts'

/** All boot within this, virtual milliseconds. */
const BOOT_MS = 1_000

/** Left for one event to settle, virtual milliseconds. */
const SETTLE_MS = 10_000

/** A quiet time, in which all say everything again once. */
const REST_MS = 600_000

/** How often the flapping link is lost, and how far apart, virtual milliseconds. */
const FLAPS = { times: 50, everyMs: 2_000 } as const

type Measured = ReturnType<Simulation['measure']>

export class Scenarios {
  readonly #simulation: Simulation
  readonly #graph: Graph
  readonly #size: number
  readonly #rounds: number
  readonly #random = dice(99)
  readonly events: Happened[] = []

  constructor(simulation: Simulation, graph: Graph, size: number, rounds: number) {
    this.#simulation = simulation
    this.#graph = graph
    this.#size = size
    this.#rounds = rounds
  }

  /** All routers start within a second. */
  coldStart(): void {
    const { clock } = this.#simulation
    const boot = () => {
      for (let place = 0; place < this.#size; place += 1) {
        clock.after((BOOT_MS * place) / this.#size, () => this.#simulation.boot(place))
      }
    }
    const measured = this.#measured(boot, 9 * SETTLE_MS)
    this.#record('cold start', [{ ...measured, settledMs: measured.settledMs - BOOT_MS }])
  }

  /** Random links are lost and come back, one after the other. */
  linkLosses(): { computations: number; visited: number } {
    const lost: Measured[] = []
    const back: Measured[] = []
    const work = { computations: 0, visited: 0 }
    for (let round = 0; round < this.#rounds; round += 1) {
      const link = this.#pick(this.#simulation.links)
      const before = this.#work()
      lost.push(this.#measured(() => this.#simulation.cut(link)))
      const after = this.#work()
      work.computations += (after.computations - before.computations) / this.#size / this.#rounds
      work.visited += (after.visited - before.visited) / this.#size / this.#rounds
      back.push(this.#measured(() => this.#simulation.connect(link)))
    }
    this.#record('link lost', lost)
    this.#record('link back', back)
    return work
  }

  /** Random routers end, and other processes take their places. */
  routerLosses(): void {
    const lost: Measured[] = []
    const back: Measured[] = []
    for (let round = 0; round < this.#rounds; round += 1) {
      // Not the first: it is the hub of the star, without which there is no network.
      const place = 1 + Math.floor(this.#random() * (this.#size - 1))
      lost.push(this.#measured(() => this.#simulation.kill(place)))
      back.push(this.#measured(() => this.#simulation.boot(place)))
    }
    this.#record('router lost', lost)
    this.#record('router back', back)
  }

  /** Two halves lose and forget each other, and meet again. */
  partition(): void {
    const { half } = this.#graph
    const between = this.#simulation.links.filter(({ ends: [a, b] }) => half(a) !== half(b))
    const part = () => {
      for (const link of between) this.#simulation.cut(link)
    }
    const merge = () => {
      for (const link of between) this.#simulation.connect(link)
    }
    this.#record('partition', [this.#measured(part)])
    this.#simulation.clock.advance(FORGET_MS + 2 * SWEEP_MS)
    this.#record('merge', [this.#measured(merge, 3 * SETTLE_MS)])
  }

  /** One link is lost again and again. */
  flapping(): void {
    const link = this.#pick(this.#simulation.links)
    const { clock } = this.#simulation
    const flap = () => {
      for (let time = 0; time < FLAPS.times; time += 1) {
        clock.after(time * FLAPS.everyMs, () => this.#simulation.cut(link))
        clock.after((time + 0.5) * FLAPS.everyMs, () => this.#simulation.connect(link))
      }
    }
    const measured = this.#measured(flap, FLAPS.times * FLAPS.everyMs + 9 * SETTLE_MS)
    this.#record(`link lost ${FLAPS.times} times, every ${FLAPS.everyMs / 1_000} s`, [measured])
  }

  /** Nothing happens for a while. */
  rest(): void {
    this.#record(`nothing for ${REST_MS / 60_000} minutes`, [this.#measured(() => {}, REST_MS)])
  }

  #measured(act: () => void, ms = SETTLE_MS): Measured & { wrong: number } {
    return { ...this.#simulation.measure(act, ms), wrong: wrongViews(this.#simulation) }
  }

  #record(event: string, all: readonly (Measured & { wrong?: number })[]): void {
    const worst = (of: (one: Measured) => number) => Math.max(...all.map(of))
    const mean = (of: (one: Measured) => number) => all.reduce((sum, one) => sum + of(one), 0) / all.length
    const settled = all.map(({ settledMs }) => settledMs).sort((a, b) => a - b)
    this.events.push({
      event,
      rounds: all.length,
      settledMs: { p50: quantile(settled, 0.5), max: quantile(settled, 1) },
      messages: mean(({ messages }) => messages),
      messagesPerLink: mean(({ messagesPerLink }) => messagesPerLink),
      mostMessages: worst(({ mostMessages }) => mostMessages),
      bytesPerLink: mean(({ bytesPerLink }) => bytesPerLink),
      mostBytes: worst(({ mostBytes }) => mostBytes),
      cpuMsPerRouter: mean(({ cpuMs }) => cpuMs) / this.#size,
      wrong: all.reduce((sum, { wrong = 0 }) => sum + wrong, 0),
    })
  }

  #work(): { computations: number; visited: number } {
    let computations = 0
    let visited = 0
    for (const engine of this.#simulation.engines) {
      computations += engine?.computations ?? 0
      visited += engine?.visited ?? 0
    }
    return { computations, visited }
  }

  #pick<T>(all: readonly T[]): T {
    const one = all[Math.floor(this.#random() * all.length)]
    if (one === undefined) throw new Error('nothing to pick from')
    return one
  }
}

/** Heap of a router that has learnt the whole network from a neighbour, as copies of its own, MB. */
export function heapOfOne(simulation: Simulation): number {
  const teacher = simulation.engines[1]
  const collect = globalThis.gc
  if (teacher === undefined || collect === undefined) throw new Error('run with --expose-gc')
  const letters: string[] = []
  const lesson = {
    writable: true,
    send: (message: TopologyMessage) => void letters.push(JSON.stringify(message)),
  }
  const empty: TopologyDigest = { type: 'topology-digest', part: 0, last: true, routers: [] }
  const session = teacher.connect({ router: 'f'.repeat(32), cluster: 'pupil', cost: 1 }, lesson)
  session.receive(empty)
  session.closed()
  collect()
  const before = process.memoryUsage().heapUsed
  const pupil = pupilOf(letters, simulation.ids[1] ?? '')
  collect()
  const heapMb = (process.memoryUsage().heapUsed - before) / 1e6
  if (pupil.advertisements < simulation.engines.length) throw new Error('the router did not learn all')
  return heapMb
}

function pupilOf(letters: readonly string[], teacher: string): TopologyEngine {
  const clock = new VirtualClock()
  const pupil = new TopologyEngine(
    { clock, random: Math.random, logger: silentLogger },
    { router: 'f'.repeat(32), name: 'pupil', cluster: 'pupil' },
  )
  pupil.start()
  const session = pupil.connect(
    { router: teacher, cluster: 'c1', cost: 1 },
    { writable: true, send: () => {} },
  )
  for (const letter of letters) session.receive(JSON.parse(letter) as TopologyMessage)
  clock.advance(1_000)
  pupil.view.current().routersOf('nobody')
  return pupil
}
