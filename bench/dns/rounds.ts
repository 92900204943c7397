/** The rounds: in each, every row on every resolver in turn, so that a slow moment of the machine hits all. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describeError } from '../../src/core/errors.ts'
import type { Serving } from '../data-path/children.ts'
import { portOf } from '../data-path/ports.ts'
import { cpuTime, TICK_MS } from '../data-path/processes.ts'
import { dnsperf, type LoadResult } from './dnsperf.ts'
import type { DnsRow } from './names.ts'
import type { DnsOptions } from './options.ts'
import { type DnsStage, type Resolver, startKnowing } from './resolver.ts'

/** Milliseconds of the round before the first, which is not counted: compilers see every row. */
const WARM_UP_MS = 1_000

/** What was measured of one row on one resolver in one round. */
export interface DnsSample {
  readonly row: string
  readonly resolver: string
  readonly round: number
  readonly perSecond: number
  /** CPU time of the resolver for each question, microseconds. */
  readonly cpuMicros: number
  /** Questions without an answer. */
  readonly lost: number
}

/** Rounds of measurements and what came of them. */
export class DnsRounds {
  readonly samples: DnsSample[] = []
  /** What could not be measured, and why. */
  readonly failures: string[] = []
  /** Path of dnsperf. */
  readonly #load: string
  readonly #stage: DnsStage

  constructor(load: string, stage: DnsStage) {
    this.#load = load
    this.#stage = stage
  }

  /** Starts every resolver once and measures. */
  async run(resolvers: readonly Resolver[], rows: readonly DnsRow[], options: DnsOptions): Promise<void> {
    const running: Running[] = []
    for (const resolver of resolvers)
      running.push({ ...resolver, serving: await startKnowing(resolver, this.#stage, rows) })
    for (let round = 0; round <= options.rounds; round++) {
      const ms = round === 0 ? Math.min(WARM_UP_MS, options.ms) : options.ms
      for (const row of rows) {
        console.error(`round ${round} of ${options.rounds}: ${row.name}`)
        const questions = await this.#file(row)
        for (const resolver of running) await this.#measure(round, row, resolver, questions, ms)
      }
    }
  }

  async #file({ name, questions }: DnsRow): Promise<string> {
    const path = join(this.#stage.dir, `${name}.questions`)
    await writeFile(path, questions.map((line) => `${line}\n`).join(''))
    return path
  }

  async #measure(
    round: number,
    row: DnsRow,
    { name, answers, serving }: Running,
    questions: string,
    ms: number,
  ): Promise<void> {
    const before = cpuTime([serving])
    try {
      const result = await dnsperf(this.#load, { port: portOf(serving.ports, 'dns'), questions, ms })
      const cpuMs = cpuTime([serving]) - before
      if (answers) checkCodes(row, result)
      if (round > 0) this.samples.push({ row: row.name, resolver: name, round, ...figures(result, cpuMs) })
    } catch (error) {
      this.failures.push(`${row.name}, ${name}: ${describeError(error)}`)
    }
  }
}

type Running = Pick<Resolver, 'name' | 'answers'> & { readonly serving: Serving }

/** A wrong answer would be a quick one. */
function checkCodes({ rcode }: DnsRow, { rcodes, completed }: LoadResult): void {
  if (completed > 0 && rcodes[rcode] === completed) return
  throw new Error(`of ${completed} answers not all were ${rcode}: ${JSON.stringify(rcodes)}`)
}

function figures(
  { completed, seconds, lost }: LoadResult,
  cpuMs: number,
): Pick<DnsSample, 'perSecond' | 'cpuMicros' | 'lost'> {
  // Time is counted in steps, of which a very short load may not reach one.
  const cpuMicros = (Math.max(cpuMs, TICK_MS) * 1000) / completed
  return { perSecond: completed / seconds, cpuMicros, lost }
}
