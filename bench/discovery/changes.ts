/** What happens in a clusterset, one thing at a time. */

import { serviceKey } from '../../src/api/names.ts'
import { Resource } from '../../src/api/resources.ts'
import type { ServiceRecord } from '../../src/api/service-record.ts'
import type { KubeClient } from '../../src/kube/types.ts'
import type { MemoryDirectory } from '../../test/support/memory-directory.ts'
import {
  type ClustersetSize,
  clusterName,
  exportedBy,
  localSlice,
  NAMESPACE,
  OWN,
  recordOf,
  withRecord,
} from './clusterset.ts'
import type { Controller } from './controller.ts'

/** Where changes happen. */
export interface World {
  readonly size: ClustersetSize
  readonly directory: MemoryDirectory
  /** Not counted. */
  readonly client: KubeClient
  readonly controller: Controller
}

export interface Change {
  readonly name: string
  act(world: World, round: number): Promise<void> | void
}

/** The cluster that changes, when it is not our own. */
const CLUSTER = 1

/** In this order: each second one takes the one before back. */
export function changesOf({ exporters }: ClustersetSize): Change[] {
  const isShared = exporters > 1
  return [
    { name: 'nothing: all records told again', act: tellAgain },
    { name: 'nothing: all compared again', act: ({ controller }) => controller.resync() },
    { name: 'nothing: the controller starts again', act: restart },
    edit('another ready endpoint elsewhere', (record, round) => withReady(record, 4 + round)),
    edit('no endpoint is ready there', (record) => withReady(record, 0)),
    edit('one is ready again', (record) => withReady(record, 3)),
    edit('a port more there', (record) => ({ ...record, ports: [...record.ports, ADMIN] })),
    edit('a port less', (record) => ({ ...record, ports: record.ports.slice(0, 1) })),
    {
      name: 'a new service',
      act: (world, round) => tell(world, `new-${round}`, recordOf(`new-${round}`, CLUSTER)),
    },
    { name: 'it is withdrawn', act: (world, round) => tell(world, `new-${round}`, undefined) },
    ...(isShared ? sharedChanges : []),
    { name: 'a pod more here', act: (world, round) => setPods(world, round, 4) },
    { name: 'a pod less here', act: (world, round) => setPods(world, round, 3) },
  ]
}

const ADMIN = { name: 'admin', protocol: 'TCP', port: 81, readyEndpoints: 1 } as const

const sharedChanges: readonly Change[] = [
  {
    name: 'one of several exports is withdrawn',
    act: (world, round) => tell(world, nameOf(world, round), undefined),
  },
  {
    name: 'it is back',
    act: (world, round) => tell(world, nameOf(world, round), recordOf(nameOf(world, round), CLUSTER)),
  },
  edit('a conflict', (record) => ({ ...record, sessionAffinity: 'ClientIP' })),
  edit('it is settled', (record) => ({ ...record, sessionAffinity: 'None' })),
]

/** Another service in each round. */
function nameOf({ size }: World, round: number): string {
  return exportedBy(size, CLUSTER)[round % size.exports] ?? ''
}

function edit(name: string, change: (record: ServiceRecord, round: number) => ServiceRecord): Change {
  return {
    name,
    act: (world, round) => {
      const service = nameOf(world, round)
      const record = world.directory.get(clusterName(CLUSTER))?.records.get(serviceKey(NAMESPACE, service))
      tell(world, service, change(record ?? recordOf(service, CLUSTER), round))
    },
  }
}

function withReady(record: ServiceRecord, readyEndpoints: number): ServiceRecord {
  return { ...record, ports: record.ports.map((port) => ({ ...port, readyEndpoints })) }
}

function tell({ directory }: World, service: string, record: ServiceRecord | undefined): void {
  const origin = directory.get(clusterName(CLUSTER))
  if (origin === undefined) throw new RangeError('the cluster is not known')
  directory.take(withRecord(origin, serviceKey(NAMESPACE, service), record))
}

/** As copies, so that only looking into them tells that they are the same. */
function tellAgain({ size, directory }: World): void {
  for (let index = 1; index < size.clusters; index++) {
    const origin = directory.get(clusterName(index))
    if (origin !== undefined) directory.take(structuredClone({ ...origin, sequence: origin.sequence + 1 }))
  }
}

async function restart({ controller }: World): Promise<void> {
  await controller.stop()
  await controller.start()
}

async function setPods({ size, client }: World, round: number, count: number): Promise<void> {
  const name = exportedBy(size, 0)[round % size.exports] ?? OWN
  await client.apply(Resource.endpointSlice, localSlice(name, count), { fieldManager: 'bench' })
}
