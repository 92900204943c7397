/** The real controller of one cluster against an API server in another process; its writes are counted by reason. */
import type { ServiceExport } from '../../src/api/mcs.ts'
import { Resource } from '../../src/api/resources.ts'
import { connectKube } from '../../src/kube/client.ts'
import type { KubeClient } from '../../src/kube/types.ts'
import { MemoryDirectory } from '../../test/support/memory-directory.ts'
import { summarize } from '../statistics.ts'
import { type Change, changesOf, type World } from './changes.ts'
import {
  type ClustersetSize,
  exportedBy,
  localService,
  localSlice,
  NAMESPACE,
  originOf,
} from './clusterset.ts'
import { Controller } from './controller.ts'
import type { Changed, Controlled } from './messages.ts'
import { type Counted, Written } from './written.ts'

const { rounds, kubeconfig, ...size } = JSON.parse(process.argv[2] ?? '{}') as ClustersetSize & {
  readonly rounds: number
  readonly kubeconfig: string
}
process.send?.(await measure())

async function measure(): Promise<Controlled> {
  const { client } = await connectKube({ kubeconfig })
  for (const name of exportedBy(size, 0)) await exportHere(client, name)
  const directory = new MemoryDirectory()
  for (let index = 1; index < size.clusters; index++) directory.take(originOf(size, index))
  const written = new Written()
  const controller = new Controller(client, directory.connect(), written)
  const first = await written.dueTo(() => controller.start())
  const { imports } = controller
  const changes: Changed[] = []
  const counted = new Map<Change, Counted[]>(changesOf(size).map((change) => [change, []]))
  const world: World = { size, directory, client, controller }
  for (let round = 0; round < rounds; round++) {
    for (const [change, results] of counted) {
      results.push(await written.dueTo(() => change.act(world, round)))
    }
  }
  for (const [{ name }, results] of counted) changes.push(changed(name, results))
  await controller.stop()
  await client.close()
  return {
    imports,
    firstWrites: total(first),
    firstSeconds: (first.lastAfterMs ?? 0) / 1_000,
    changes,
    peakRssMb: process.resourceUsage().maxRSS / 1024,
  }
}

async function exportHere(client: KubeClient, name: string): Promise<void> {
  await client.create(Resource.service, localService(name))
  await client.apply(Resource.endpointSlice, localSlice(name), { fieldManager: 'bench' })
  await client.create<ServiceExport>(Resource.serviceExport, { metadata: { name, namespace: NAMESPACE } })
}

function changed(change: string, results: readonly Counted[]): Changed {
  const times = results.flatMap(({ lastAfterMs }) => lastAfterMs ?? [])
  return {
    change,
    requests: results.at(-1)?.requests ?? {},
    writes: summarize(results.map(total)),
    ...(times.length === 0 ? {} : { settledMs: summarize(times) }),
  }
}

function total({ requests }: Counted): number {
  return Object.values(requests).reduce((sum, count) => sum + count, 0)
}
