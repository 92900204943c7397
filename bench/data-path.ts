/**
 * The data path beside what it competes with: bulk, ping-pong, churn and memory, all systems in every round, medians
 * over the rounds. Options: rounds=3 ms=2000 (time of one measurement). PROFILE=DIR keeps CPU profiles of the routers.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuTime, memoryOf, startChild } from './data-path/child.ts'
import { bulk, churn, openIdle, pingPong } from './data-path/load.ts'
import { direct, fairlead, nodePipe, type System } from './data-path/systems.ts'
import { summarize } from './statistics.ts'

/** What is measured, by column; microseconds, megabytes (10^6) and seconds as the names say. */
type Sample = Record<string, number>

/** Lowest, median and highest of the rounds. */
interface Spread {
  readonly low: number
  readonly median: number
  readonly high: number
}

type Table = Record<string, Record<string, Spread>>

const WARM_UP_MS = 300
const IDLE_FLOWS = 2000

/** Runs the rounds and prints medians, spreads and ratios. */
export async function run(args: readonly string[]): Promise<{ systems: Table; ratios: Sample }> {
  const options = new Map(args.map((arg) => arg.split('=') as [string, string]))
  const rounds = Number(options.get('rounds') ?? 3)
  const ms = Number(options.get('ms') ?? 2000)
  const origin = await startChild('origin-process.ts', {})
  const systems = [direct(origin), await nodePipe(origin), await fairlead(origin)]
  try {
    const samples = await measureRounds(systems, rounds, ms)
    return report(samples)
  } finally {
    for (const system of systems) await system[Symbol.asyncDispose]()
    await origin.stop()
  }
}

/** Every system once per round, so that a slow moment of the machine hits all. Memory comes first, of fresh processes. */
async function measureRounds(
  systems: readonly System[],
  rounds: number,
  ms: number,
): Promise<Map<string, Sample[]>> {
  const samples = new Map(systems.map(({ name }) => [name, [] as Sample[]]))
  const idle = new Map<string, Sample>()
  for (const system of systems) {
    idle.set(system.name, await memory(system))
    // Unmeasured: the compiler gets to know the code.
    await measure(system, WARM_UP_MS)
  }
  for (let round = 1; round <= rounds; round++) {
    for (const system of systems) {
      console.error(`round ${round} of ${rounds}: ${system.name}`)
      samples.get(system.name)?.push({ ...(await measure(system, ms)), ...idle.get(system.name) })
    }
  }
  return samples
}

async function measure(system: System, ms: number): Promise<Sample> {
  const { echo, flood } = system.ports
  const sample: Sample = {}
  for (const connections of [1, 8]) {
    const before = cpuTime(system.relays)
    const rate = await bulk(flood, connections, ms, WARM_UP_MS)
    sample[`bulk ${connections} MB/s`] = rate
    sample[`bulk ${connections} cpu s/GB`] =
      (cpuTime(system.relays) - before) / ((rate * (ms + WARM_UP_MS)) / 1000)
    await sleep(WARM_UP_MS)
  }
  sample['1 conn p50 us'] = (await pingPong(echo, 1, ms)).p50
  const before = cpuTime(system.relays)
  const many = await pingPong(echo, 64, ms)
  const requests = many.requestsPerSecond * (ms / 1000)
  sample['64 conns r/s'] = many.requestsPerSecond
  sample['64 conns p50 us'] = many.p50
  sample['64 conns p99 us'] = many.p99
  sample['64 conns cpu us/r'] = ((cpuTime(system.relays) - before) * 1000) / requests
  sample['new conns/s'] = await churn(echo, 16, ms)
  return sample
}

/** Kilobytes of proportional memory that one idle flow adds to one relay. */
async function memory({ ports, relays }: System): Promise<Sample> {
  if (relays.length === 0) return {}
  const total = (): number => relays.reduce((sum, relay) => sum + memoryOf(relay), 0)
  const before = total()
  const sockets = await openIdle(ports.echo, IDLE_FLOWS)
  const perFlow = (total() - before) / IDLE_FLOWS / relays.length / 1000
  for (const socket of sockets) socket.destroy()
  return { 'kB/idle flow': perFlow }
}

function report(samples: ReadonlyMap<string, Sample[]>): { systems: Table; ratios: Sample } {
  const systems: Table = {}
  for (const [name, rows] of samples) systems[name] = spreads(rows)
  const ratios: Sample = {}
  for (const [column, spread] of Object.entries(systems['fairlead'] ?? {})) {
    const plain = systems['node pipe']?.[column]
    if (plain !== undefined) ratios[column] = round(spread.median / plain.median)
  }
  console.table(printable(systems, ratios))
  return { systems, ratios }
}

function spreads(rows: readonly Sample[]): Record<string, Spread> {
  return Object.fromEntries(
    Object.keys(rows[0] ?? {}).map((column) => {
      const { min, p50, max } = summarize(rows.map((row) => row[column] ?? 0))
      return [column, { low: round(min), median: round(p50), high: round(max) }]
    }),
  )
}

/** One line for each column: median (lowest-highest) of each system, and fairlead as a multiple of the plain pipe. */
function printable(systems: Table, ratios: Sample): Record<string, Record<string, string | number>> {
  return Object.fromEntries(
    Object.keys(systems['fairlead'] ?? {}).map((column) => {
      const cells = Object.entries(systems).map(([name, values]) => {
        const spread = values[column]
        return [name, spread === undefined ? '' : `${spread.median} (${spread.low}-${spread.high})`]
      })
      return [column, { ...Object.fromEntries(cells), 'fairlead / node pipe': ratios[column] ?? '' }]
    }),
  )
}

/** Three significant digits, whole above a thousand. */
function round(value: number): number {
  return value >= 1000 ? Math.round(value) : Number(value.toPrecision(3))
}
