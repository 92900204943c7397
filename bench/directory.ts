/**
 * The directory between two router processes: one knows what many clusters export, another starts with nothing, dials it
 * over mutual TLS and has to know all of it. What that takes, and what it holds in memory.
 */
import { join } from 'node:path'
import { Stage } from './data-path/stage.ts'
import { markdown } from './data-path/table.ts'
import type { HolderArgument, NewcomerArgument, Synced } from './directory/messages.ts'
import { clusterName } from './discovery/clusterset.ts'
import { NamedOptions } from './named-options.ts'
import { describeRun, type Kept } from './record.ts'
import { type Summary, summarize } from './statistics.ts'

const USAGE = 'clusters=100 exports=100 rounds=7'

interface Options {
  readonly clusters: number
  readonly exports: number
  readonly rounds: number
}

/** What is kept of a run. */
export interface DirectoryResult {
  readonly options: Options
  readonly syncMs: Summary
  readonly cpuMs: Summary
  readonly heapMb: Summary
  readonly rssMb: Summary
}

/** The table for the documentation. */
export function section({ date, machine, result }: Kept): string {
  const found = result as DirectoryResult
  const { clusters, exports, rounds } = found.options
  return [
    `${describeRun(date, machine, {})}. ${clusters} clusters with ${exports} exports each; medians of ${rounds} routers (lowest-highest):`,
    markdown(tableOf(found)),
  ].join('\n\n')
}

/** Measures, prints the table and gives all figures. */
export async function run(args: readonly string[]): Promise<DirectoryResult> {
  const options = parseOptions(args)
  await using stage = await Stage.create({})
  const [holder, feeder, newcomer] = await Promise.all(
    ['holder', 'feeder', 'newcomer'].map((cluster) => stage.certificate(cluster)),
  )
  if (holder === undefined || feeder === undefined || newcomer === undefined)
    throw new Error('no certificates')
  const names = Array.from({ length: options.clusters }, (_, index) => clusterName(index))
  const certificates = await Promise.all(names.map((cluster) => stage.certificate(cluster)))
  const signers = certificates.map(({ dir }) => dir)
  const held: HolderArgument = { tlsDir: holder.dir, feederTlsDir: feeder.dir, signers, ...options }
  const { ports } = await stage.children.node(child('holder'), held)
  const linkPort = Number((ports as { link?: number }).link)
  const synced: Synced[] = []
  for (let round = 0; round < options.rounds; round++) {
    const asked: NewcomerArgument = {
      tlsDir: newcomer.dir,
      linkPort,
      records: options.clusters * options.exports,
    }
    const { pid, ports: told } = await stage.children.node(child('newcomer'), asked, ['--expose-gc'])
    synced.push(told as unknown as Synced)
    await stage.children.stop({ pid })
  }
  const of = (read: (one: Synced) => number) => summarize(synced.map(read))
  const result = {
    options,
    syncMs: of(({ ms }) => ms),
    cpuMs: of(({ cpuMs }) => cpuMs),
    heapMb: of(({ heapMb }) => heapMb),
    rssMb: of(({ rssMb }) => rssMb),
  }
  console.log(markdown(tableOf(result)))
  return result
}

function child(name: string): string {
  return join(import.meta.dirname, `directory/${name}-process.ts`)
}

function parseOptions(args: readonly string[]): Options {
  const given = new NamedOptions(args, USAGE)
  const options = {
    clusters: given.positive('clusters', 100),
    exports: given.positive('exports', 100),
    rounds: given.positive('rounds', 7),
  }
  given.end()
  return options
}

function tableOf({ options, syncMs, cpuMs, heapMb, rssMb }: DirectoryResult): string[][] {
  return [
    ['records', 'all there after, ms', 'CPU, ms', 'heap, MB', 'resident, MB'],
    [String(options.clusters * options.exports), ...[syncMs, cpuMs, heapMb, rssMb].map(spread)],
  ]
}

function spread({ min, p50, max }: Summary): string {
  const short = (value: number) => (value >= 100 ? String(Math.round(value)) : value.toPrecision(3))
  return `${short(p50)} (${short(min)}-${short(max)})`
}
