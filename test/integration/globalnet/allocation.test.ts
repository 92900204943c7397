/** Global addresses from the objects that users write to those that others read: controllers against embedded API servers. */
import { afterEach, describe, expect, test } from '@jest/globals'
import type { GlobalEgressIP, GlobalIngressIP, GlobalNetwork } from '../../../src/api/globalnet.ts'
import { Annotation } from '../../../src/api/names.ts'
import type { KubeObject } from '../../../src/api/objects.ts'
import { Resource } from '../../../src/api/resources.ts'
import { eventually } from '../../support/eventually.ts'
import { ExporterCluster } from '../../support/exporter-cluster.ts'
import { MemoryDirectory } from '../../support/memory-directory.ts'

const cleanups: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Started {
  readonly routers?: MemoryDirectory
  readonly spec?: GlobalNetwork['spec']
}

/** A cluster whose controller gives global addresses. */
async function start(name: string, { routers = new MemoryDirectory(), spec = {} }: Started = {}) {
  const cluster = await ExporterCluster.start(name, routers.connect())
  cleanups.push(() => cluster[Symbol.asyncDispose]())
  await cluster.stopController()
  cluster.globalnet = true
  await cluster.client.create<GlobalNetwork>(Resource.globalNetwork, { metadata: { name: 'cluster' }, spec })
  await cluster.startController()
  return cluster
}

async function network(cluster: ExporterCluster): Promise<NonNullable<GlobalNetwork['status']>> {
  const found = await cluster.client.get<GlobalNetwork>(Resource.globalNetwork, { name: 'cluster' })
  return found?.status ?? {}
}

const conditionOf = (status: GlobalNetwork['status'], type: string) =>
  status?.conditions?.find((condition) => condition.type === type)

async function whenAllocated(cluster: ExporterCluster) {
  return await eventually(async () => {
    const status = await network(cluster)
    expect(conditionOf(status, 'Allocated')).toMatchObject({ status: 'True' })
    expect(status.egressIPs?.length ?? 0).toBeGreaterThan(0)
    return status
  })
}

async function ingress(cluster: ExporterCluster): Promise<Record<string, string | undefined>> {
  const { items } = await cluster.client.list<GlobalIngressIP>(Resource.globalIngressIP, {})
  return Object.fromEntries(items.map(({ metadata, status }) => [metadata.name ?? '', status?.allocatedIP]))
}

async function whenIngress(cluster: ExporterCluster, names: readonly string[]) {
  return await eventually(async () => {
    const found = await ingress(cluster)
    expect(Object.keys(found).sort()).toEqual([...names].sort())
    expect(Object.values(found)).not.toContain(undefined)
    return found as Record<string, string>
  })
}

async function events(cluster: ExporterCluster, reason: string): Promise<string[]> {
  const { items } = await cluster.client.list<KubeObject & { reason?: string; note?: string }>(
    Resource.event,
    {},
  )
  return items.filter((event) => event.reason === reason).map(({ note = '' }) => note)
}

const inBlock = (address: string | undefined, block: string | undefined) =>
  address?.split('.').slice(0, 2).join('.') === block?.split('.').slice(0, 2).join('.')

describe('a cluster with a GlobalNetwork', () => {
  test('claims a block, and gives its exports addresses that every cluster imports', async () => {
    const routers = new MemoryDirectory()
    const [east, west] = [await start('east', { routers }), await start('west', { routers })]
    const [status, other] = [await whenAllocated(east), await whenAllocated(west)]
    expect(status.block).toMatch(/^242\.\d+\.0\.0\/16$/)
    expect(other.block).not.toBe(status.block)
    expect(status.egressIPs).toHaveLength(8)
    await east.exportService('web')
    const { web } = await whenIngress(east, ['web'])
    expect(inBlock(web, status.block)).toBe(true)
    for (const cluster of [east, west]) {
      await eventually(async () => {
        const set = await cluster.importSet('web')
        expect(set.import?.spec?.ips).toEqual([web])
        expect(set.service?.metadata.annotations?.[Annotation.globalIp]).toBe(web)
        expect(set.service?.spec?.clusterIP).toMatch(/^10\./)
      })
    }
    await eventually(async () =>
      expect((await network(east)).capacity).toEqual({ total: 65_534, allocated: 9 }),
    )
  })

  test('gives each endpoint of a headless Service an address by its name, which it keeps when its pod moves', async () => {
    const routers = new MemoryDirectory()
    const [east, west] = [await start('east', { routers }), await start('west', { routers })]
    const pods = (second: string) =>
      ['10.244.1.1', second].map((address, at) => ({ addresses: [address], hostname: `db-${at}` }))
    await east.exportHeadless('db', pods('10.244.1.2'))
    const found = await whenIngress(east, ['db-0.db', 'db-1.db'])
    await eventually(async () => {
      const sets = await west.endpointSets('db')
      const told = [...sets].map(([key, { service }]) => [
        key,
        service.metadata.annotations?.[Annotation.globalIp],
      ])
      expect(Object.fromEntries(told)).toEqual({
        'east/db-0': found['db-0.db'],
        'east/db-1': found['db-1.db'],
      })
    })
    for (const cluster of [east, west]) {
      await eventually(async () => {
        const { slices } = await cluster.importSet('db')
        const told = slices.flatMap(({ endpoints }) =>
          endpoints.map(({ addresses: [ip], hostname }) => [hostname, ip]),
        )
        expect(Object.fromEntries(told)).toEqual({ 'db-0': found['db-0.db'], 'db-1': found['db-1.db'] })
      })
    }
    await east.setPods('db', pods('10.244.7.7'))
    await eventually(async () => {
      const object = await east.client.get<GlobalIngressIP>(Resource.globalIngressIP, {
        namespace: 'demo',
        name: 'db-1.db',
      })
      expect(object?.status).toMatchObject({
        allocatedIP: found['db-1.db'],
        endpoint: { address: '10.244.7.7', ports: [{ protocol: 'TCP', port: 80, targetPort: 8080 }] },
      })
    })
  })

  test('keeps every address when its controller starts again, and writes nothing then', async () => {
    const east = await start('east')
    await east.exportService('web')
    await east.exportService('api')
    const [before, status] = [await whenIngress(east, ['web', 'api']), await whenAllocated(east)]
    await east.whenQuiet()
    await east.stopController()
    const writes = east.writes.length
    await east.startController()
    await east.whenQuiet()
    expect(await ingress(east)).toEqual(before)
    expect(await network(east)).toEqual({ ...status, capacity: { total: 65_534, allocated: 10 } })
    expect(east.writes.slice(writes)).toEqual([])
  })

  test('takes an address back when the export goes, and gives it to nobody else for a while', async () => {
    const east = await start('east', { spec: { blockSize: 8, egressAddresses: 4 } })
    await east.exportService('web')
    const { web } = await whenIngress(east, ['web'])
    await east.unexport('web')
    await whenIngress(east, [])
    await east.exportService('api')
    const { api } = await whenIngress(east, ['api'])
    expect(api).not.toBe(web)
    await east.createExport('web')
    expect(await whenIngress(east, ['api', 'web'])).toEqual({ api, web })
  })

  test('lets addresses that were given up rest also when its controller starts again in between', async () => {
    const east = await start('east', { spec: { blockSize: 8, egressAddresses: 3 } })
    const team = { name: 'team', namespace: 'demo' }
    const teamIPs = async () =>
      (await east.client.get<GlobalEgressIP>(Resource.globalEgressIP, team))?.status?.allocatedIPs ?? []
    await east.client.create<GlobalEgressIP>(Resource.globalEgressIP, { metadata: team, spec: { count: 2 } })
    await east.exportService('web')
    const { web } = await whenIngress(east, ['web'])
    const second = await eventually(async () => {
      const found = await teamIPs()
      expect(found).toHaveLength(2)
      return found[1]
    })
    await east.unexport('web')
    await whenIngress(east, [])
    await east.client.patch(Resource.globalEgressIP, team, 'merge', { spec: { count: 1 } })
    await eventually(async () => expect(await teamIPs()).toHaveLength(1))
    await east.whenQuiet()
    expect((await network(east)).resting).toEqual([
      { address: web, owner: 'service/demo/web#0', until: expect.any(String) },
      { address: second, owner: 'egress/demo/team#1', until: expect.any(String) },
    ])
    await east.stopController()
    await east.startController()
    await east.exportService('api')
    await eventually(async () => {
      const [object] = (await east.client.list<GlobalIngressIP>(Resource.globalIngressIP, {})).items
      const { reason, message } = conditionOf(object?.status, 'Allocated') ?? {}
      expect(reason === 'Exhausted' ? message : await ingress(east)).toEqual(
        reason === 'Exhausted'
          ? expect.stringContaining('one that rests is free again at')
          : { api: expect.any(String) },
      )
    })
    expect([web, second]).not.toContain((await ingress(east))['api'])
    await east.createExport('web')
    await eventually(async () => expect((await ingress(east))['web']).toBe(web))
    await eventually(async () => expect((await network(east)).resting).toHaveLength(1))
  })

  test('records that an address rests before its object goes, and goes on when that can be written', async () => {
    const east = await start('east')
    await east.exportService('web')
    const { web } = await whenIngress(east, ['web'])
    await east.whenQuiet()
    let isRefusing = true
    east.refuses = (write) => isRefusing && write === 'apply-status globalnetworks cluster'
    const from = east.writes.length
    const written = (write: string) => east.writes.slice(from).indexOf(write)
    await east.unexport('web')
    await eventually(async () =>
      expect(written('apply-status globalnetworks cluster')).toBeGreaterThanOrEqual(0),
    )
    expect(await ingress(east)).toEqual({ web })
    isRefusing = false
    await whenIngress(east, [])
    const [recorded, removed] = ['apply-status globalnetworks cluster', 'delete globalingressips web'].map(
      written,
    )
    expect(recorded).toBeLessThan(removed ?? -1)
    expect((await network(east)).resting).toMatchObject([{ address: web }])
  })

  test('does not take a block that another cluster gave up, also when its controller starts again', async () => {
    const spec = { range: '242.8.0.0/29', blockSize: 4, egressAddresses: 1 }
    const routers = new MemoryDirectory()
    const west = await start('west', { routers, spec })
    const { block } = await whenAllocated(west)
    const east = await start('east', { routers, spec })
    expect((await whenAllocated(east)).block).not.toBe(block)
    await west.client.delete(Resource.globalNetwork, { name: 'cluster' })
    await eventually(async () =>
      expect((await network(east)).restingBlocks).toEqual([
        { block, cluster: 'west', until: expect.any(String) },
      ]),
    )
    await east.stopController()
    await east.startController()
    await east.client.patch(Resource.globalNetwork, { name: 'cluster' }, 'merge', { spec: { block } })
    await eventually(async () =>
      expect(conditionOf(await network(east), 'Conflict')).toMatchObject({
        reason: 'WantedBlockTaken',
        message: expect.stringContaining(`cluster west gave up ${block}, which rests until`),
      }),
    )
  })

  test('gives namespaces and selectors source addresses, more when more are asked for, and the first stay', async () => {
    const east = await start('east')
    const metadata = { name: 'team', namespace: 'demo' }
    const statusOf = async () =>
      (await east.client.get<GlobalEgressIP>(Resource.globalEgressIP, metadata))?.status?.allocatedIPs ?? []
    await east.client.create<GlobalEgressIP>(Resource.globalEgressIP, { metadata, spec: { count: 2 } })
    const first = await eventually(async () => {
      const found = await statusOf()
      expect(found).toHaveLength(2)
      return found
    })
    await east.client.patch(Resource.globalEgressIP, metadata, 'merge', { spec: { count: 3 } })
    await eventually(async () => expect((await statusOf()).slice(0, 2)).toEqual(first))
    await eventually(async () => expect(await statusOf()).toHaveLength(3))
    await east.client.patch(Resource.globalEgressIP, metadata, 'merge', { spec: { count: 1 } })
    await eventually(async () => expect(await statusOf()).toEqual(first.slice(0, 1)))
  })
})

test('of two GlobalEgressIPs for one namespace the younger says that the older has it, and has it when that goes', async () => {
  const east = await start('east')
  const create = (name: string) =>
    east.client.create<GlobalEgressIP>(Resource.globalEgressIP, {
      metadata: { name, namespace: 'demo' },
      spec: {},
    })
  const conflictOf = async (name: string) => {
    const found = await east.client.get<GlobalEgressIP>(Resource.globalEgressIP, { name, namespace: 'demo' })
    return found?.status?.conditions?.find(({ type }) => type === 'Conflict')
  }
  await create('b')
  await eventually(async () => expect(await conflictOf('b')).toMatchObject({ status: 'False' }))
  await create('a')
  const [loser, winner] = await eventually(async () => {
    const [first, second] = [await conflictOf('a'), await conflictOf('b')]
    expect([first?.status, second?.status].sort()).toEqual(['False', 'True'])
    return first?.status === 'True' ? (['a', 'b'] as const) : (['b', 'a'] as const)
  })
  await east.client.delete(Resource.globalEgressIP, { name: winner, namespace: 'demo' })
  await eventually(async () => expect(await conflictOf(loser)).toMatchObject({ status: 'False' }))
})

test('of two GlobalEgressIPs with selectors the younger says which pods the older has, as long as there are any', async () => {
  const east = await start('east')
  await whenAllocated(east)
  const create = (name: string, podSelector: object) =>
    east.client.create<GlobalEgressIP>(Resource.globalEgressIP, {
      metadata: { name, namespace: 'demo' },
      spec: { podSelector },
    })
  const both = { app: 'web', tier: 'front' }
  const pod = { name: 'web-0', namespace: 'demo' }
  const createPod = (name: string, spec: object = {}) =>
    east.client.create<KubeObject>(Resource.pod, {
      metadata: { name, namespace: 'demo', labels: both },
      spec: { containers: [{ name: 'web', image: 'web' }], ...spec },
    } as KubeObject)
  const conflictOf = async (name: string) => {
    const found = await east.client.get<GlobalEgressIP>(Resource.globalEgressIP, { name, namespace: 'demo' })
    expect(found?.status?.allocatedIPs).toHaveLength(1)
    return found?.status?.conditions?.find(({ type }) => type === 'Conflict')
  }
  const whenConflict = (name: string, wanted: object) =>
    eventually(async () => expect(await conflictOf(name)).toMatchObject(wanted))
  await createPod('web-0')
  // It has the node's source addresses, whoever selects it.
  await createPod('host-0', { hostNetwork: true })
  await create('b', { matchLabels: { app: 'web' } })
  await whenConflict('b', { status: 'False' })
  // Objects of one second are of one age: the first by name holds.
  await create('c', { matchLabels: { tier: 'front' } })
  const message = 'GlobalEgressIP b or another older one has these pods: web-0'
  await whenConflict('c', { status: 'True', reason: 'OlderSelects', message })
  await eventually(async () => expect(await events(east, 'OlderSelects')).toEqual([message]))
  expect(await conflictOf('b')).toMatchObject({ status: 'False' })
  await east.client.delete(Resource.pod, pod)
  await whenConflict('c', { status: 'False' })
  await createPod('web-0')
  await whenConflict('c', { status: 'True' })
  await east.whenQuiet()
  const writes = east.writes.length
  await east.stopController()
  await east.startController()
  await east.whenQuiet()
  expect(east.writes.slice(writes)).toEqual([])
  await east.client.patch(Resource.globalEgressIP, { name: 'c', namespace: 'demo' }, 'merge', {
    spec: { podSelector: { matchLabels: { tier: 'back' } } },
  })
  await whenConflict('c', { status: 'False' })
})

describe('what goes wrong is told, and mended without a restart', () => {
  test('an exhausted block holds exports back until there is room', async () => {
    const east = await start('east', { spec: { blockSize: 4, egressAddresses: 2 } })
    await east.exportService('web')
    await eventually(async () => {
      const { Ready: ready } = await east.conditions('web')
      expect(ready).toMatchObject({ status: 'False', message: expect.stringContaining('is free') })
      const [object] = (await east.client.list<GlobalIngressIP>(Resource.globalIngressIP, {})).items
      expect(conditionOf(object?.status, 'Allocated')).toMatchObject({ status: 'False', reason: 'Exhausted' })
    })
    expect((await east.importSet('web')).import).toBeUndefined()
    await eventually(async () => expect(await events(east, 'Exhausted')).not.toEqual([]))
    await east.client.patch(Resource.globalNetwork, { name: 'cluster' }, 'merge', {
      spec: { egressAddresses: 1 },
    })
    await east.client.patch(Resource.globalNetwork, { name: 'cluster' }, 'merge', { spec: { blockSize: 16 } })
    await whenIngress(east, ['web'])
    await eventually(async () =>
      expect((await east.conditions('web'))['Ready']).toMatchObject({ status: 'True' }),
    )
  })

  test('a headless pod without an address is not found at that of its pod, even where it runs', async () => {
    const east = await start('east', { spec: { blockSize: 4, egressAddresses: 2 } })
    await whenAllocated(east)
    await east.exportHeadless('db', [{ addresses: ['10.244.1.1'], hostname: 'db-0' }])
    const addresses = async () => {
      const { slices } = await east.importSet('db')
      expect(slices).not.toEqual([])
      return slices.flatMap(({ endpoints }) => (endpoints ?? []).flatMap((each) => each.addresses))
    }
    expect(await eventually(addresses)).toEqual([])
    await east.client.patch(Resource.globalNetwork, { name: 'cluster' }, 'merge', { spec: { blockSize: 16 } })
    const found = await whenIngress(east, ['db-0.db'])
    await eventually(async () => expect(await addresses()).toEqual([found['db-0.db']]))
  })

  test('of two clusters that claimed one block apart the later renumbers when they meet, and says so', async () => {
    const spec = { range: '242.8.0.0/16', blockSize: 65_536 / 2, block: '242.8.0.0/17' }
    const [apart, together] = [new MemoryDirectory(), new MemoryDirectory()]
    const early = await start('early', { routers: together, spec })
    await whenAllocated(early)
    const late = await start('late', { routers: apart, spec })
    await whenAllocated(late)
    await late.exportService('web')
    const before = await whenIngress(late, ['web'])
    expect((await network(late)).block).toBe('242.8.0.0/17')
    const fact = together.get('early')
    if (fact === undefined) throw new Error('nothing told')
    apart.take(fact)
    await eventually(async () => {
      const status = await network(late)
      expect(status.block).toBe('242.8.128.0/17')
      expect(conditionOf(status, 'Conflict')).toMatchObject({ reason: 'WantedBlockTaken', status: 'True' })
      expect((await ingress(late))['web']).not.toBe(before['web'])
    })
    await eventually(async () => {
      expect((await late.importSet('web')).import?.spec?.ips).toEqual([(await ingress(late))['web']])
      expect(await events(late, 'WantedBlockTaken')).not.toEqual([])
    })
    expect((await network(early)).block).toBe('242.8.0.0/17')
  })

  test('a range that overlaps the pods says so by condition and event', async () => {
    const east = await start('east')
    await whenAllocated(east)
    east.local = { ...east.local, podCidrs: ['242.0.0.0/9'] }
    await east.client.patch(Resource.globalNetwork, { name: 'cluster' }, 'merge', {
      spec: { egressAddresses: 4 },
    })
    await eventually(async () => {
      expect(conditionOf(await network(east), 'Overlap')).toMatchObject({
        status: 'True',
        reason: 'Overlaps',
      })
      expect(await events(east, 'Overlaps')).not.toEqual([])
    })
  })

  test("nodes keep the range that was in nobody's way until there is another one", async () => {
    const east = await start('east')
    await whenAllocated(east)
    expect((await network(east)).range).toBe('242.0.0.0/8')
    east.local = { ...east.local, podCidrs: ['10.244.0.0/16'] }
    const change = (range: string) =>
      east.client.patch(Resource.globalNetwork, { name: 'cluster' }, 'merge', { spec: { range } })
    const whenSaid = (type: string, status: string, range: string) =>
      eventually(async () => {
        const present = await network(east)
        expect(conditionOf(present, type)).toMatchObject({ status })
        expect(present.range).toBe(range)
      })
    await change('10.0.0.0/8')
    await whenSaid('Overlap', 'True', '242.0.0.0/8')
    await change('242.0.0.0/99')
    await whenSaid('Allocated', 'False', '242.0.0.0/8')
    await change('243.0.0.0/8')
    await whenSaid('Allocated', 'True', '243.0.0.0/8')
  })

  test('a spec that cannot be had keeps what there is and says why', async () => {
    const east = await start('east')
    await east.exportService('web')
    const before = await whenIngress(east, ['web'])
    const { block } = await whenAllocated(east)
    await east.client.patch(Resource.globalNetwork, { name: 'cluster' }, 'merge', {
      spec: { range: '242.0.0.0/40' },
    })
    await eventually(async () => {
      const status = await network(east)
      expect(conditionOf(status, 'Allocated')).toMatchObject({ status: 'False', reason: 'Invalid' })
      expect(status.block).toBe(block)
    })
    await east.stopController()
    await east.startController()
    await east.whenQuiet()
    expect(await ingress(east)).toEqual(before)
    expect((await east.importSet('web')).import?.spec?.ips).toEqual([before['web']])
    await east.client.patch(Resource.globalNetwork, { name: 'cluster' }, 'merge', { spec: { range: null } })
    await whenAllocated(east)
    expect((await network(east)).block).toBe(block)
  })

  test('without the GlobalNetwork all is as if there never was one', async () => {
    const east = await start('east')
    await east.exportService('web')
    await whenIngress(east, ['web'])
    await east.client.delete(Resource.globalNetwork, { name: 'cluster' })
    await whenIngress(east, [])
    await eventually(async () => {
      const { import: found, service } = await east.importSet('web')
      expect(found?.spec?.ips).toEqual([service?.spec?.clusterIP])
      expect(service?.metadata.annotations?.[Annotation.globalIp]).toBeUndefined()
    })
  })
})
