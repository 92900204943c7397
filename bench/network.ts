/**
 * The topology of large networks, simulated: hundreds to thousands of routers' engines in one process and in virtual time,
 * for several shapes. Starts, lost links and routers, partition, flapping and rest; every router's view is compared with
 * the real network after each.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { inParallel } from '../src/core/parallel.ts'
import { markdown } from './data-path/table.ts'
import { NamedOptions } from './named-options.ts'
import { SHAPES, type Shape } from './network/graphs.ts'
import type { Simulated } from './network/messages.ts'
import { eventsTable, networksTable } from './network/tables.ts'
import { describeRun, type Kept } from './record.ts'

const USAGE = `routers=100,1000 shapes=${SHAPES.join(',')} latency=5 ring-latency=1 (one way, ms) rounds=5`

interface Options {
  readonly routers: readonly number[]
  readonly shapes: readonly Shape[]
  /** One way, milliseconds; each link has from half to one and a half of it. */
  readonly latency: number
  /** The same for rings, which are as long as they have routers. */
  readonly ringLatency: number
  readonly rounds: number
}

/** What is kept of a run. */
export interface NetworkResult {
  readonly options: Options
  readonly networks: readonly Simulated[]
}

/** Where `--save` puts the tables. */
export const document = 'docs/scale.md'

/** The tables for the documentation. */
export function section({ date, machine, result }: Kept): string {
  const { options, networks } = result as NetworkResult
  return [
    `${describeRun(date, machine, {})}. ${options.rounds} rounds of each loss:`,
    markdown(networksTable(networks)),
    ...networks.map((network) => `${titleOf(network)}:\n\n${markdown(eventsTable(network))}`),
  ].join('\n\n')
}

/** Simulates, prints the tables and gives all figures. */
export async function run(args: readonly string[]): Promise<NetworkResult> {
  const options = parseOptions(args)
  const { routers, shapes, latency, ringLatency, rounds } = options
  const wanted = routers.flatMap((size) => shapes.map((shape) => ({ shape, routers: size })))
  const networks: Simulated[] = []
  const failures = await inParallel([...wanted.entries()], availableParallelism(), async ([index, one]) => {
    const latencyMs = one.shape === 'ring' ? ringLatency : latency
    const network = await simulate({ ...one, latencyMs, rounds })
    networks[index] = network
    console.log(`${titleOf(network)}:\n\n${markdown(eventsTable(network))}\n`)
  })
  if (failures.length > 0) throw failures[0]
  console.log(markdown(networksTable(networks)))
  return { options, networks }
}

function titleOf({ shape, routers, links, latencyMs }: Simulated): string {
  return `${shape}, ${routers} routers, ${links} links of about ${latencyMs} ms`
}

function parseOptions(args: readonly string[]): Options {
  const given = new NamedOptions(args, USAGE)
  const names = given.words('shapes')
  const unknown = names.filter((name) => !SHAPES.some((shape) => shape === name))
  if (unknown.length > 0) throw new Error(`unknown shape ${unknown.join(', ')}; options: ${USAGE}`)
  const options = {
    routers: given.positives('routers', '100,1000'),
    shapes: SHAPES.filter((shape) => names.length === 0 || names.includes(shape)),
    latency: given.positive('latency', 5),
    ringLatency: given.positive('ring-latency', 1),
    rounds: given.positive('rounds', 5),
  }
  given.end()
  return options
}

/** A process of its own, so that its memory is its own. */
async function simulate(options: object): Promise<Simulated> {
  const file = join(import.meta.dirname, 'network/simulate-process.ts')
  const child = fork(file, [JSON.stringify(options)], {
    execArgv: ['--expose-gc', '--max-old-space-size=8192'],
  })
  const ended = once(child, 'exit')
  const told = once(child, 'message').then(([message]) => message as Simulated)
  const message = await Promise.race([told, ended.then(() => undefined)])
  if (message === undefined) throw new Error('the simulation ended without a result')
  await ended
  return message
}
