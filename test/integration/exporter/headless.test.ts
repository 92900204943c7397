/** Headless exports become imports whose remote endpoints have an address each: controllers against embedded API servers. */
import { afterEach, describe, expect, test } from '@jest/globals'
import { Label } from '../../../src/api/names.ts'
import type { Endpoint, EndpointSlice, Service } from '../../../src/api/objects.ts'
import { Resource } from '../../../src/api/resources.ts'
import { derivedServiceName } from '../../../src/exporter/import-names.ts'
import { RECORD_MAX_NAMED_ENDPOINTS } from '../../../src/exporter/limits.ts'
import { listenersOf } from '../../../src/exporter/route-snapshot-builder.ts'
import { eventually } from '../../support/eventually.ts'
import { ExporterCluster } from '../../support/exporter-cluster.ts'
import { MemoryDirectory } from '../../support/memory-directory.ts'

const cleanups: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function pair() {
  const routers = new MemoryDirectory()
  const [east, west] = await Promise.all([
    ExporterCluster.start('east', routers.connect()),
    ExporterCluster.start('west', routers.connect()),
  ])
  cleanups.push(
    () => east[Symbol.asyncDispose](),
    () => west[Symbol.asyncDispose](),
  )
  return { routers, east, west }
}

/** web-0, web-1, ... at addresses that begin with `prefix`. */
function pods(count: number, prefix = '10.1'): Endpoint[] {
  return Array.from({ length: count }, (_, index) => ({
    addresses: [`${prefix}.${index >> 8}.${index & 255}`],
    hostname: `web-${index}`,
    conditions: { ready: true },
  }))
}

/** `cluster/host=address` of all ready endpoints by which DNS goes, sorted. */
function names(slices: readonly EndpointSlice[]): string[] {
  return slices
    .flatMap(({ metadata, endpoints }) =>
      endpoints
        .filter(({ conditions }) => conditions?.ready)
        .map(
          ({ hostname, addresses }) =>
            `${metadata.labels?.[Label.sourceCluster]}/${hostname}=${addresses[0]}`,
        ),
    )
    .sort()
}

/** The same of what the derived Services say. */
async function addresses(cluster: ExporterCluster): Promise<string[]> {
  const sets = await cluster.endpointSets('web')
  return [...sets].map(([key, { service }]) => `${key}=${service.spec?.clusterIP}`).sort()
}

/** Waits until `count` remote endpoints have names and addresses, and nothing else has. */
async function whenNamed(cluster: ExporterCluster, count: number): Promise<string[]> {
  return await eventually(
    async () => {
      const remote = names((await cluster.importSet('web')).slices).filter(
        (name) => !name.startsWith(`${cluster.name}/`),
      )
      expect(remote).toHaveLength(count)
      expect(remote).toEqual(await addresses(cluster))
      return remote
    },
    { within: 30_000 },
  )
}

describe('a headless export', () => {
  test('has an address for each endpoint in every other cluster, under its own name', async () => {
    const { east, west } = await pair()
    await east.exportHeadless('web', pods(2))
    const { import: object, slices } = await west.whenReady('web')
    const ports = [{ name: 'http', port: 80 }]
    expect(object?.spec).toMatchObject({ type: 'Headless', ports, ipFamilies: ['IPv4'] })
    expect(object?.spec?.ips).toBeUndefined()
    const [first] = slices
    expect(slices).toHaveLength(1)
    expect(first?.ports).toEqual([{ name: 'http', protocol: 'TCP', port: 80 }])
    expect(first?.metadata.labels?.[Label.kubeServiceName]).toBeUndefined()
    expect((await whenNamed(west, 2)).map((name) => name.split('=')[0])).toEqual(['east/web-0', 'east/web-1'])
  })

  test('leads from each address to the routers, at a port that only this endpoint has', async () => {
    const { east, west } = await pair()
    await east.exportHeadless('web', pods(2))
    const { import: object } = await west.whenReady('web')
    const sets = [...(await west.endpointSets('web')).values()]
    for (const { service, slice } of sets) {
      expect(service.metadata.ownerReferences?.[0]?.uid).toBe(object?.metadata.uid)
      expect(service.spec?.selector).toBeUndefined()
      expect(slice).toMatchObject({
        metadata: { labels: { [Label.kubeServiceName]: service.metadata.name } },
        endpoints: [{ addresses: ['10.244.0.5'] }],
        ports: [{ port: service.spec?.ports?.[0]?.targetPort }],
      })
    }
    const listeners = listenersOf(sets.map(({ service }) => service))
    expect(
      listeners.map(({ endpoint, port }) => `${endpoint?.cluster}/${endpoint?.id}:${port}`).sort(),
    ).toEqual(['east/web-0:80', 'east/web-1:80'])
    expect(new Set(listeners.map(({ listenPort }) => listenPort)).size).toBe(2)
  })

  test('shows its own cluster the pods themselves', async () => {
    const { east } = await pair()
    await east.exportHeadless('web', pods(2))
    const { slices } = await east.whenReady('web')
    expect(names(slices)).toEqual(['east/web-0=10.1.0.0', 'east/web-1=10.1.0.1'])
    expect((await east.endpointSets('web')).size).toBe(0)
  })

  test('of two clusters has the same host name in each, at two addresses', async () => {
    const { east, west } = await pair()
    await east.exportHeadless('web', pods(2))
    await west.exportHeadless('web', pods(2, '10.2'))
    await whenNamed(west, 2)
    const all = await eventually(async () => {
      const found = names((await west.importSet('web')).slices)
      expect(found.map((name) => name.split('=')[0])).toEqual([
        'east/web-0',
        'east/web-1',
        'west/web-0',
        'west/web-1',
      ])
      return found
    })
    expect(all.slice(2)).toEqual(['west/web-0=10.2.0.0', 'west/web-1=10.2.0.1'])
    expect(new Set(all.map((name) => name.split('=')[1])).size).toBe(4)
  })

  test('that ends leaves nothing behind', async () => {
    const { east, west } = await pair()
    await east.exportHeadless('web', pods(3))
    await whenNamed(west, 3)
    await east.unexport('web')
    await west.whenGone('web')
    await eventually(async () => expect((await west.endpointSets('web')).size).toBe(0))
    const slices = await west.client.list(Resource.endpointSlice, { namespace: 'demo' })
    expect(slices.items).toEqual([])
  })

  test('that becomes one with an address gives up those of its endpoints', async () => {
    const { east, west } = await pair()
    await east.exportHeadless('web', pods(2))
    await whenNamed(west, 2)
    await east.client.delete(Resource.service, { namespace: 'demo', name: 'web' })
    await east.createService('web', [{ name: 'http', protocol: 'TCP', port: 80 }])
    await eventually(async () => {
      const { import: object, service } = await west.importSet('web')
      expect(object?.spec?.ips).toEqual([service?.spec?.clusterIP])
      expect((await west.endpointSets('web')).size).toBe(1)
    })
  })
})

describe('endpoints that come and go', () => {
  test('are added and removed one by one, and the others keep their addresses', async () => {
    const { east, west } = await pair()
    await east.exportHeadless('web', pods(2))
    const two = await whenNamed(west, 2)
    await east.setPods('web', pods(3))
    const three = await whenNamed(west, 3)
    expect(three.slice(0, 2)).toEqual(two)
    await east.setPods('web', pods(1))
    expect(await whenNamed(west, 1)).toEqual(two.slice(0, 1))
  })

  test('have the address again that they had when they come back', async () => {
    const { east, west } = await pair()
    await east.exportHeadless('web', pods(3))
    const before = await whenNamed(west, 3)
    await east.setPods('web', pods(1))
    await whenNamed(west, 1)
    await east.setPods('web', pods(3, '10.9'))
    expect(await whenNamed(west, 3)).toEqual(before)
    await east.setPods('web', pods(2))
    await whenNamed(west, 2)
    const taken = before[2]?.split('=')[1] ?? ''
    await west.createService('other', [{ port: 80 }], { clusterIP: taken })
    await east.setPods('web', pods(3))
    const after = await whenNamed(west, 3)
    expect(after.slice(0, 2)).toEqual(before.slice(0, 2))
    expect(after[2]).not.toBe(before[2])
  })

  test('keep the address of the name when another pod takes it over, and nothing is written', async () => {
    const { east, west } = await pair()
    await east.exportHeadless('web', pods(2))
    const before = await whenNamed(west, 2)
    await west.whenQuiet()
    west.writes.length = 0
    await east.setPods('web', pods(2, '10.9'))
    await east.exportHeadless('later', pods(1))
    await west.whenReady('later')
    expect(await whenNamed(west, 2)).toEqual(before)
    const own = new RegExp(` (web|${derivedServiceName('demo/web')}.*)$`)
    expect(west.writes.filter((write) => own.test(write))).toEqual([])
  })

  test('lose their name while they are not ready, and keep their address', async () => {
    const { east, west } = await pair()
    await east.exportHeadless('web', pods(2))
    const before = await whenNamed(west, 2)
    await west.whenQuiet()
    west.writes.length = 0
    const [first, second] = pods(2)
    const unready = { ...second, addresses: ['10.1.0.1'], conditions: { ready: false } }
    await east.setPods(
      'web',
      [first, unready].filter((each) => each !== undefined),
    )
    await eventually(async () =>
      expect(names((await west.importSet('web')).slices)).toEqual(before.slice(0, 1)),
    )
    await west.whenQuiet()
    expect(west.writes).toEqual([expect.stringMatching(/^apply endpointslices derived-\w+-hosts-/)])
    expect(await addresses(west)).toEqual(before)
  })

  test('are published before they are ready when the Service says so', async () => {
    const { east, west } = await pair()
    const waiting = pods(2).map((pod) => ({ ...pod, conditions: { ready: false } }))
    await east.exportHeadless('web', waiting)
    await west.whenReady('web')
    await west.whenQuiet()
    expect(names((await west.importSet('web')).slices)).toEqual([])
    await east.client.patch(Resource.service, { namespace: 'demo', name: 'web' }, 'merge', {
      spec: { publishNotReadyAddresses: true },
    })
    await whenNamed(west, 2)
  })
})

describe('what is there', () => {
  test('stays as it is while nothing is known of its cluster', async () => {
    const { east, west, routers } = await pair()
    const [first, second] = pods(2)
    const unready = { ...second, addresses: ['10.1.0.1'], conditions: { ready: false } }
    await east.exportHeadless(
      'web',
      [first, unready].filter((each) => each !== undefined),
    )
    await west.whenReady('web')
    await west.whenQuiet()
    const before = [await west.importSet('web'), await west.endpointSets('web')]
    await west.stopController()
    routers.forget()
    west.writes.length = 0
    await west.startController()
    await west.whenQuiet()
    expect(west.writes).toEqual([])
    expect([await west.importSet('web'), await west.endpointSets('web')]).toEqual(before)
  })

  test('is put right when somebody deletes or edits it', async () => {
    const { east, west } = await pair()
    await east.exportHeadless('web', pods(2))
    const before = await whenNamed(west, 2)
    const [zero, one] = [...(await west.endpointSets('web')).values()].map(({ service }) => service)
    const ref = (name = '') => ({ namespace: 'demo', name })
    await west.client.delete(Resource.service, ref(zero?.metadata.name))
    await west.client.patch(Resource.service, ref(one?.metadata.name), 'merge', {
      spec: { selector: { app: 'mine' } },
    })
    await west.client.delete(Resource.endpointSlice, ref(one?.metadata.name))
    await eventually(async () => expect(await whenNamed(west, 2)).toEqual(before))
    await eventually(async () => {
      const sets = [...(await west.endpointSets('web')).values()]
      expect(sets.map(({ service, slice }) => [service.spec?.selector, slice === undefined])).toEqual([
        [undefined, false],
        [undefined, false],
      ])
    })
  })

  test('has the names that belong to it: a Service with the labels of an endpoint is none', async () => {
    const { east, west } = await pair()
    await east.exportHeadless('web', pods(1))
    await whenNamed(west, 1)
    const own = (await west.endpointSets('web')).get('east/web-0')?.service.metadata
    const labels = { ...own?.labels, [Label.endpoint]: 'web-7' }
    const spec = { ports: [{ port: 80, targetPort: 20_007 }] }
    await west.client.create(Resource.service, {
      metadata: { name: 'forged', namespace: 'demo', labels },
      spec,
    })
    const ref = { namespace: 'demo', name: own?.name ?? '' }
    await west.client.patch(Resource.service, ref, 'merge', { metadata: { labels } })
    await eventually(async () => {
      const { items } = await west.client.list<Service>(Resource.service, { namespace: 'demo' })
      expect(listenersOf(items).map(({ endpoint }) => endpoint?.id)).toEqual(['web-0'])
    })
  })

  test('is reported where it cannot be had, and the other endpoints are served', async () => {
    const { east, west } = await pair()
    await east.exportHeadless('web', pods(1))
    await whenNamed(west, 1)
    const [own] = (await west.endpointSets('web')).values()
    west.refuses = (write) =>
      write.startsWith('apply services') && !write.endsWith(own?.service.metadata.name ?? '')
    await east.setPods('web', pods(3))
    await eventually(async () => {
      const { import: object } = await west.importSet('web')
      expect(object?.status?.conditions?.[0]).toMatchObject({
        status: 'False',
        message: 'waiting for the addresses of 2 endpoints',
      })
    })
    await whenNamed(west, 1)
    west.refuses = () => false
    await whenNamed(west, 3)
    await west.whenReady('web')
  })
})

describe('a cluster that is out of reach for long', () => {
  test('loses its names while another has endpoints, and keeps them while none has', async () => {
    const routers = new MemoryDirectory()
    const links = [routers.connect(), routers.connect()] as const
    const [east, west] = await Promise.all([
      ExporterCluster.start('east', links[0]),
      ExporterCluster.start('west', links[1]),
    ])
    cleanups.push(
      () => east[Symbol.asyncDispose](),
      () => west[Symbol.asyncDispose](),
    )
    await west.stopController()
    west.staleAfterMs = 1
    await west.startController()
    await east.exportHeadless('web', pods(1))
    const remote = await whenNamed(west, 1)
    links[1].reachable.set(new Set())
    await eventually(async () => {
      const { import: object, slices } = await west.importSet('web')
      expect(object?.status?.conditions?.map(({ type }) => type)).toContain('fairlead.dev/Stale')
      expect(names(slices)).toEqual(remote)
    })
    await west.exportHeadless('web', pods(1, '10.2'))
    const own = 'west/web-0=10.2.0.0'
    await eventually(async () => expect(names((await west.importSet('web')).slices)).toEqual([own]))
    links[1].reachable.set(new Set(['east']))
    await eventually(async () =>
      expect(names((await west.importSet('web')).slices)).toEqual([...remote, own]),
    )
    expect(await addresses(west)).toEqual(remote)
  })
})

describe('more endpoints than a record can name', () => {
  test('are told of to the user of the export, also when the record stays the same', async () => {
    const { east, west } = await pair()
    await east.exportHeadless('web', pods(RECORD_MAX_NAMED_ENDPOINTS))
    await whenNamed(west, RECORD_MAX_NAMED_ENDPOINTS)
    expect((await east.conditions('web'))['fairlead.dev/Complete']).toBeUndefined()
    await east.setPods('web', pods(RECORD_MAX_NAMED_ENDPOINTS + 1))
    await eventually(async () => {
      const { status, reason, message } = (await east.conditions('web'))['fairlead.dev/Complete'] ?? {}
      expect([status, reason]).toEqual(['False', 'TooManyEndpoints'])
      expect(message).toContain(`only the first ${RECORD_MAX_NAMED_ENDPOINTS} endpoints`)
    })
    await whenNamed(west, RECORD_MAX_NAMED_ENDPOINTS)
    await east.setPods('web', pods(1))
    await eventually(async () =>
      expect((await east.conditions('web'))['fairlead.dev/Complete']).toBeUndefined(),
    )
    await whenNamed(west, 1)
  }, 120_000)
})

describe('300 endpoints', () => {
  test('have an address each, and one more or less rewrites nothing of the others', async () => {
    const { east, west } = await pair()
    await east.exportHeadless('web', pods(300))
    const before = await whenNamed(west, 300)
    const { slices } = await west.whenReady('web')
    expect(slices.map(({ endpoints }) => endpoints.length)).toEqual([100, 100, 100])
    await west.whenQuiet()
    west.writes.length = 0
    await east.setPods('web', pods(301))
    const after = await whenNamed(west, 301)
    expect(after.filter((name) => !before.includes(name))).toHaveLength(1)
    await west.whenQuiet()
    // Its Service, the slice behind that, and one slice for names.
    expect(west.writes).toHaveLength(3)
    west.writes.length = 0
    await east.setPods('web', pods(300))
    expect(await whenNamed(west, 300)).toEqual(before)
    await west.whenQuiet()
    expect(west.writes).toHaveLength(3)
    west.writes.length = 0
    await west.stopController()
    await west.startController()
    await west.whenQuiet()
    expect(west.writes).toEqual([])
  }, 120_000)
})
