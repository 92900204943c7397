/** Computes all imports again and again, and one after each change of a record; in a process of its own for its memory. */
import type { ServiceKey } from '../../src/api/names.ts'
import type { Directory, OriginState } from '../../src/api/service-record.ts'
import { Snapshot } from '../../src/core/snapshot.ts'
import { ClustersetView } from '../../src/exporter/clusterset-view.ts'
import { ListenPortLedger } from '../../src/exporter/listen-port-ledger.ts'
import { summarize } from '../statistics.ts'
import { type ClustersetSize, clusterName, directoryOf, OWN, withRecord } from './clusterset.ts'
import type { Recomputed } from './messages.ts'
import { type ImportParts, importParts } from './recompute.ts'

type Imports = Map<ServiceKey, ImportParts | undefined>

/** Runs before those that count: what runs often gets compiled. */
const WARM_UP = 3

const { rounds, changes, ...size } = JSON.parse(process.argv[2] ?? '{}') as ClustersetSize & {
  readonly rounds: number
  readonly changes: number
}
process.send?.(await measure())

async function measure(): Promise<Recomputed> {
  const before = heapMb()
  const directory = directoryOf(size)
  const directoryMb = heapMb() - before
  const fullMs: number[] = []
  let imports: Imports = new Map()
  for (let round = -WARM_UP; round < rounds; round++) {
    imports = new Map()
    const start = performance.now()
    computeAll(directory, imports, new ListenPortLedger())
    if (round >= 0) fullMs.push(performance.now() - start)
  }
  const importsMb = heapMb() - before - directoryMb
  const changeUs = await measureChanges(directory, imports)
  const slices = [...imports.values()].reduce((sum, parts) => sum + (parts?.slices.length ?? 0), 0)
  return {
    imports: imports.size,
    slices,
    fullMs: summarize(fullMs),
    changeUs: summarize(changeUs),
    directoryMb,
    importsMb,
    peakRssMb: process.resourceUsage().maxRSS / 1024,
  }
}

function computeAll(directory: Directory, imports: Imports, ledger: ListenPortLedger): void {
  const keys = new Set([...directory.values()].flatMap(({ records }) => [...records.keys()]))
  for (const key of keys) imports.set(key, importParts(directory, key, ledger))
}

/** As the controller does: the view tells which services a new directory changes, and those are computed. */
async function measureChanges(initial: Directory, imports: Imports): Promise<number[]> {
  const ledger = new ListenPortLedger()
  computeAll(initial, imports, ledger)
  const directory = new Snapshot(initial)
  const records = new Snapshot(initial.get(OWN)?.records ?? new Map())
  const view = new ClustersetView({ directory, records, properties: new Snapshot({}) }, OWN)
  await view.start()
  view.subscribe(({ keys }) => {
    for (const key of keys) imports.set(key, importParts(view.current(), key, ledger))
  })
  const times: number[] = []
  for (let change = -WARM_UP * 10; change < changes; change++) {
    const next = nextDirectory(directory.current(), Math.abs(change))
    const start = performance.now()
    directory.set(next)
    if (change >= 0) times.push((performance.now() - start) * 1_000)
  }
  await view.stop()
  return times
}

/** One service of one other cluster loses its endpoints or gets them back. */
function nextDirectory(directory: Directory, change: number): Directory {
  const cluster = clusterName(1 + (change % (size.clusters - 1)))
  const origin = directory.get(cluster) as OriginState
  const [key, record] = [...origin.records][change % size.exports] ?? []
  if (key === undefined || record === undefined) throw new RangeError(`${cluster} exports nothing`)
  const ports = record.ports.map((port) => ({ ...port, readyEndpoints: 3 - port.readyEndpoints }))
  return new Map(directory).set(cluster, withRecord(origin, key, { ...record, ports }))
}

/** Of what is still in use. */
function heapMb(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 1024 / 1024
}
