/** Runs the rounds: in each, every row on every system in turn, so that a slow moment of the machine hits all. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Options } from './options.ts'
import type { Ports } from './ports.ts'
import type { Row, Sample } from './rows/row.ts'
import type { Stage } from './stage.ts'
import { type Competitor, System } from './systems/system.ts'

/** Milliseconds before counting, and for what the last measurement left under way to end; less in very short runs. */
const WARM_UP_MS = 300
const REST_MS = 200

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
    timing: { warmUpMs: number; ms: number },
  ): Promise<Sample | undefined> {
    try {
      if (row.fresh !== true) return await row.measure(system, timing)
      await using fresh = await this.#start(competitor)
      return await row.measure(fresh, timing)
    } catch (error) {
      this.failures.push(`${row.name}, ${competitor.name}: ${error instanceof Error ? error.message : error}`)
      return undefined
    }
  }

  #start(competitor: Competitor): Promise<System> {
    return System.start(this.#stage, competitor, this.#origins)
  }
}
