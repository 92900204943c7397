/**
 * Discovery at scale: a cluster that imports what many clusters export. First what the controller computes, by its pure
 * functions; then the real controller against the embedded API server, whose writes are counted by what caused them.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Label, SYSTEM_NAMESPACE } from '../src/api/names.ts'
import type { EndpointSlice } from '../src/api/objects.ts'
import { Resource } from '../src/api/resources.ts'
import { ApiCluster } from '../test/support/api-cluster.ts'
import { markdown } from './data-path/table.ts'
import { type ClustersetSize, NAMESPACE, ROUTERS } from './discovery/clusterset.ts'
import type { Controlled, Recomputed } from './discovery/messages.ts'
import { changesTable, computedTable, controlledTable } from './discovery/tables.ts'
import { NamedOptions } from './named-options.ts'
import { describeRun, type Kept } from './record.ts'

const USAGE = 'clusters=100 exports=100 exporters=1,10,100 (of the same service) rounds=5 changes=300'

interface Options {
  readonly clusters: number
  readonly exports: number
  /** One clusterset for each. */
  readonly exporters: readonly number[]
  readonly rounds: number
  /** Changes of a record that are computed. */
  readonly changes: number
}

/** One clusterset. */
export interface Measured {
  readonly size: ClustersetSize
  readonly computed: Recomputed
  readonly controlled: Controlled
}

/** What is kept of a run. */
export interface DiscoveryResult {
  readonly options: Options
  readonly sets: readonly Measured[]
}

/** The tables for the documentation. */
export function section({ date, machine, result }: Kept): string {
  const { options, sets } = result as DiscoveryResult
  return [
    `${describeRun(date, machine, {})}. ${options.clusters} clusters with ${options.exports} exports each; medians of ${options.rounds} rounds (lowest-highest), of ${options.changes} for one change computed:`,
    ...[computedTable(sets), controlledTable(sets), changesTable(sets)].map(markdown),
  ].join('\n\n')
}

/** Measures, prints the tables and gives all figures. */
export async function run(args: readonly string[]): Promise<DiscoveryResult> {
  const options = parseOptions(args)
  const sets: Measured[] = []
  for (const exporters of options.exporters) {
    const { clusters, exports, rounds, changes } = options
    const size = { clusters, exports, exporters }
    const computed = await inProcess<Recomputed>('recompute', { ...size, rounds, changes })
    const controlled = await control(size, rounds)
    sets.push({ size, computed, controlled })
  }
  for (const table of [computedTable(sets), controlledTable(sets), changesTable(sets)]) {
    console.log(`${markdown(table)}\n`)
  }
  return { options, sets }
}

function parseOptions(args: readonly string[]): Options {
  const given = new NamedOptions(args, USAGE)
  const options = {
    clusters: given.positive('clusters', 100),
    exports: given.positive('exports', 100),
    exporters: given.positives('exporters', '1,10,100'),
    rounds: given.positive('rounds', 5),
    changes: given.positive('changes', 300),
  }
  given.end()
  return options
}

/** The API server is this process, so that the controller's memory is its own. */
async function control(size: ClustersetSize, rounds: number): Promise<Controlled> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-bench-'))
  try {
    await using api = await ApiCluster.start()
    await api.namespace(NAMESPACE)
    await api.namespace(SYSTEM_NAMESPACE)
    await api.client.create<EndpointSlice>(Resource.endpointSlice, routerSlice())
    const kubeconfig = join(folder, 'kubeconfig')
    await writeFile(kubeconfig, api.kubeconfig, { mode: 0o600 })
    return await inProcess<Controlled>('controller', { ...size, rounds, kubeconfig })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function routerSlice(): EndpointSlice {
  const labels = { [Label.kubeServiceName]: 'fairlead-router' }
  return {
    metadata: { name: 'fairlead-router-1', namespace: SYSTEM_NAMESPACE, labels },
    addressType: 'IPv4',
    endpoints: ROUTERS.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports: [{ name: 'link', protocol: 'TCP', port: 5671 }],
  }
}

/** The one message of a process of the benchmark, which ends after it. */
async function inProcess<T>(name: string, options: object): Promise<T> {
  const file = join(import.meta.dirname, `discovery/${name}-process.ts`)
  const child = fork(file, [JSON.stringify(options)], { execArgv: ['--expose-gc'] })
  const ended = once(child, 'exit')
  const told = once(child, 'message').then(([message]) => message as T)
  const message = await Promise.race([told, ended.then(() => undefined)])
  if (message === undefined) throw new Error(`${name}: ended without a result`)
  await ended
  return message
}
