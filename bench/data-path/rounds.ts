/** Runs the rounds: in each, every row on every system in turn, so that a slow moment of the machine hits all. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describeError } from '../../src/core/errors.ts'
import type { Timing } from './load/window.ts'
import type { Options } from './options.ts'
import type { Ports } from './ports.ts'
import type { Row, Sample } from './rows/row.ts'
import type { Stage } from './stage.ts'
import { type Competitor, System } from './systems/system.ts'

/** Milliseconds before counting, and for what the last measurement left under way to end; less in very short runs. */
const WARM_UP_MS = 300
const REST_MS = 200

/** A measurement that has not ended by then is given up: something does not answer any more. */
const MAX_MEASURE_MS = 180_000

/** Runs with shorter measurements only show that everything works: no round is spent on the compilers. */
const SHORTEST_MS = 300

/** Rounds of measurements and what came of them. */
export class Rounds {
  /** By system, in the order of the systems. */
  readonly samples = new Map<string, Sample[]>()
  /** What could not be measured, and why. */
  readonly failures: string[] = []
  readonly #stage: Stage
  readonly #origins: Ports

  constructor(stage: Stage, origins: Ports) {
    this.#stage = stage
    this.#origins = origins
  }

  /** Starts all systems once, lets their compilers see every row, and measures. */
  async run(competitors: readonly Competitor[], rows: readonly Row[], options: Options): Promise<void> {
    await using started = new AsyncDisposableStack()
    const systems: [Competitor, System][] = []
    for (const competitor of competitors) {
      systems.push([competitor, started.use(await this.#start(competitor))])
      this.samples.set(competitor.name, [])
    }
    const first = options.ms < SHORTEST_MS ? 1 : 0
    for (let round = first; round <= options.rounds; round++) await this.#round(round, systems, rows, options)
  }

  /** Round 0 is the warm-up: short, and not counted. */
  async #round(
    round: number,
    systems: readonly [Competitor, System][],
    rows: readonly Row[],
    options: Options,
  ): Promise<void> {
    const warmUpMs = Math.min(WARM_UP_MS, options.ms)
    const timing = { warmUpMs, ms: round === 0 ? warmUpMs : options.ms }
    for (const row of rows) {
      if (round === 0 && row.fresh === true) continue
      console.error(`round ${round} of ${options.rounds}: ${row.name}`)
      for (const [competitor, system] of systems) {
        if (system.ports[row.port] === undefined) continue
        const sample = await this.#measure(row, competitor, system, timing)
        if (round > 0 && sample !== undefined) this.samples.get(system.name)?.push(sample)
        await sleep(Math.min(REST_MS, options.ms))
      }
    }
  }

  async #measure(
    row: Row,
    competitor: Competitor,
    system: System,
    timing: Timing,
  ): Promise<Sample | undefined> {
    try {
      if (row.fresh !== true) return await bounded(row.measure(system, timing))
      await using fresh = await this.#start(competitor)
      return await bounded(row.measure(fresh, timing))
    } catch (error) {
      this.failures.push(`${row.name}, ${competitor.name}: ${describeError(error)}`)
      return undefined
    }
  }

  #start(competitor: Competitor): Promise<System> {
    return System.start(this.#stage, competitor, this.#origins)
  }
}

async function bounded<T>(measurement: Promise<T>): Promise<T> {
  const given = new AbortController()
  const late = sleep(MAX_MEASURE_MS, undefined, { signal: given.signal }).then(() => {
    throw new Error(`no result after ${MAX_MEASURE_MS} ms`)
  })
  try {
    return await Promise.race([measurement, late])
  } finally {
    // Nobody waits for the limit any more.
    late.catch(() => {})
    given.abort()
  }
}
