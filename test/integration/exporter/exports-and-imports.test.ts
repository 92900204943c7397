/** Exports of one cluster become imports of another: controllers against embedded API servers. */
import { afterEach, describe, expect, test } from '@jest/globals'
import type { ServiceImport } from '../../../src/api/mcs.ts'
import { SYSTEM_NAMESPACE } from '../../../src/api/names.ts'
import type { EndpointSlice, KubeObject, Service } from '../../../src/api/objects.ts'
import { Resource } from '../../../src/api/resources.ts'
import { listenersOf } from '../../../src/exporter/route-snapshot-builder.ts'
import { eventually } from '../../support/eventually.ts'
import { ExporterCluster } from '../../support/exporter-cluster.ts'
import { MemoryDirectory, type MemoryLink } from '../../support/memory-directory.ts'

const cleanups: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function start(name: string, link: MemoryLink, durable = false): Promise<ExporterCluster> {
  const cluster = await ExporterCluster.start(name, link, { durable })
  cleanups.push(() => cluster[Symbol.asyncDispose]())
  return cluster
}

async function pair(durable = false) {
  const routers = new MemoryDirectory()
  const links = { east: routers.connect(), west: routers.connect() }
  const [east, west] = await Promise.all([
    start('east', links.east, durable),
    start('west', links.west, durable),
  ])
  return { routers, links, east, west }
}

const listenPorts = (service: Service | undefined) =>
  Object.fromEntries((service?.spec?.ports ?? []).map(({ port, targetPort }) => [port, targetPort]))

/** `cluster addresses port` of the slices that kube-proxy goes by. */
const carrying = (slices: readonly EndpointSlice[]) =>
  slices
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] !== undefined)
    .map(({ metadata, endpoints, ports }) => {
      const source = metadata.labels?.['multicluster.kubernetes.io/source-cluster']
      const ready = endpoints.filter(({ conditions }) => conditions?.ready)
      return `${source} ${ready.map(({ addresses }) => addresses[0]).join()} ${ports?.[0]?.port}`
    })

const withoutVersions = ({ metadata, ...rest }: KubeObject) => ({ ...rest, uid: metadata.uid })

describe('an export', () => {
  test('becomes an import in every cluster, with an address, a derived Service and slices', async () => {
    const { east, west } = await pair()
    await east.exportService('web')
    const remote = await west.whenReady('web')
    const listenPort = listenPorts(remote.service)[80]
    expect(remote.import?.spec).toMatchObject({
      type: 'ClusterSetIP',
      ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
      ips: [remote.service?.spec?.clusterIP],
    })
    expect(remote.import?.status?.clusters).toEqual([{ cluster: 'east' }])
    expect(carrying(remote.slices)).toEqual([`east 10.244.0.5 ${listenPort}`])
    expect(remote.slices[0]?.metadata.ownerReferences?.[0]?.uid).toBe(remote.import?.metadata.uid)
    expect(carrying((await east.whenReady('web')).slices)).toEqual(['east 10.244.0.9 8080'])
  })

  test('tells its user that it is valid, exported and without conflicts', async () => {
    const { east } = await pair()
    await east.exportService('web')
    await eventually(async () => {
      const { Valid, Ready, Conflict } = await east.conditions('web')
      expect([Valid?.reason, Ready?.reason, Conflict?.reason]).toEqual(['Valid', 'Exported', 'NoConflicts'])
    })
    await eventually(async () => {
      const events = await east.client.list<KubeObject & { reason?: string }>(Resource.event, {
        namespace: 'demo',
      })
      expect(events.items.map(({ reason }) => reason)).toContain('Exported')
    })
  })

  test('waits for its Service, and ends with it', async () => {
    const { east, west } = await pair()
    await east.createExport('web')
    await eventually(async () => expect((await east.conditions('web'))['Valid']?.reason).toBe('NoService'))
    await east.createService('web', [{ name: 'http', port: 80 }])
    await west.whenReady('web')
    await east.client.delete(Resource.service, { namespace: 'demo', name: 'web' })
    await west.whenGone('web')
    await eventually(async () => expect((await east.conditions('web'))['Valid']?.reason).toBe('NoService'))
  })

  test('that is taken back leaves nothing, in no cluster', async () => {
    const { east, west } = await pair()
    await east.exportService('web')
    await Promise.all([east.whenReady('web'), west.whenReady('web')])
    await east.unexport('web')
    await Promise.all([east.whenGone('web'), west.whenGone('web')])
    expect(await east.client.get(Resource.service, { namespace: 'demo', name: 'web' })).toBeDefined()
  })

  test('of type ExternalName does not block the same service of another cluster', async () => {
    const { east, west } = await pair()
    await west.createService('web', [], { type: 'ExternalName', externalName: 'example.com' })
    await west.createExport('web')
    await east.exportService('web')
    expect((await west.whenReady('web')).import?.status?.clusters).toEqual([{ cluster: 'east' }])
    expect((await west.conditions('web'))['Valid']?.reason).toBe('InvalidServiceType')
  })

  test('is Pending until the router has it', async () => {
    const { east, links } = await pair()
    links.east.close()
    await east.exportService('web')
    await eventually(async () => expect((await east.conditions('web'))['Ready']?.reason).toBe('Pending'))
    links.east.open()
    await eventually(async () => expect((await east.conditions('web'))['Ready']?.reason).toBe('Exported'))
  })
})

describe('an import', () => {
  test('keeps the router ports it has when ports come and go', async () => {
    const { east, west } = await pair()
    await east.exportService('web')
    const before = listenPorts((await west.whenReady('web')).service)
    await east.client.patch(Resource.service, { namespace: 'demo', name: 'web' }, 'merge', {
      spec: {
        ports: [
          { name: 'a', port: 79 },
          { name: 'http', port: 80, targetPort: 8080 },
        ],
      },
    })
    await eventually(async () => {
      const after = listenPorts((await west.importSet('web')).service)
      expect(Object.keys(after)).toEqual(['79', '80'])
      expect(after[80]).toBe(before[80])
    })
  })

  test('goes to the local endpoints while one is ready, else to the other cluster', async () => {
    const { east, west } = await pair()
    await east.exportService('web')
    await west.exportService('web', ['10.244.0.20'])
    await eventually(async () =>
      expect(carrying((await west.importSet('web')).slices)).toEqual(['west 10.244.0.20 8080']),
    )
    await west.setEndpoints('web', ['10.244.0.20'], 8080, 'demo', false)
    await eventually(async () =>
      expect(
        carrying((await west.importSet('web')).slices).map((each) => each.split(' ').slice(0, 2)),
      ).toEqual(expect.arrayContaining([['east', '10.244.0.5']])),
    )
  })

  test('of DNS has 53 of TCP and 53 of UDP, each with a router port of its own, from export to listeners', async () => {
    const { east, west } = await pair()
    await east.createService('dns', [
      { name: 'udp', protocol: 'UDP', port: 53, targetPort: 5353 },
      { name: 'tcp', protocol: 'TCP', port: 53, targetPort: 5353 },
      { name: 'sctp', protocol: 'SCTP', port: 53 },
    ])
    await east.client.create<EndpointSlice>(Resource.endpointSlice, {
      metadata: { name: 'dns-1', namespace: 'demo', labels: { 'kubernetes.io/service-name': 'dns' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.244.0.9'] }],
      ports: [
        { name: 'udp', protocol: 'UDP', port: 5353 },
        { name: 'tcp', protocol: 'TCP', port: 5353 },
      ],
    })
    await east.createExport('dns')
    const { service, slices, import: found } = await west.whenReady('dns')
    const ports = service?.spec?.ports?.map(({ protocol, port }) => `${protocol}/${port}`)
    expect(ports).toEqual(['UDP/53', 'TCP/53'])
    const targets = service?.spec?.ports?.map(({ targetPort }) => targetPort)
    expect(new Set(targets).size).toBe(2)
    const forwarded = {
      status: 'False',
      reason: 'ProtocolNotSupported',
      message: 'only TCP and UDP are forwarded, not SCTP/53',
    }
    expect(found?.spec?.ports.map(({ protocol }) => protocol)).toEqual(['UDP', 'TCP', 'SCTP'])
    expect(found?.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'fairlead.dev/Forwarded', ...forwarded }),
    )
    await eventually(async () =>
      expect((await east.conditions('dns'))['fairlead.dev/Forwarded']).toMatchObject(forwarded),
    )
    await eventually(async () => {
      const active = (await west.importSet('dns')).slices.filter(({ metadata }) =>
        metadata.name?.includes('active'),
      )
      expect(active[0]?.ports?.map(({ protocol, port }) => [protocol, port])).toEqual([
        ['UDP', targets?.[0]],
        ['TCP', targets?.[1]],
      ])
    })
    expect(slices.length).toBeGreaterThan(0)
    const routes = listenersOf(service === undefined ? [] : [service])
    expect(routes.map(({ protocol, port, listenPort }) => [protocol, port, listenPort])).toEqual([
      ['UDP', 53, targets?.[0]],
      ['TCP', 53, targets?.[1]],
    ])
  })

  test('stays while its only pod is replaced: one that terminates and still answers counts', async () => {
    const { east, west } = await pair()
    await east.exportService('web')
    await west.whenReady('web')
    const setConditions = (conditions: NonNullable<EndpointSlice['endpoints'][number]['conditions']>) =>
      east.client.patch(Resource.endpointSlice, { namespace: 'demo', name: 'web-1' }, 'merge', {
        endpoints: [{ addresses: ['10.244.0.9'], conditions }],
      })
    await west.whenQuiet()
    west.writes.length = 0
    await setConditions({ ready: false, serving: true, terminating: true })
    await west.whenQuiet()
    expect(west.writes).toEqual([])
    await setConditions({ ready: false, serving: false, terminating: true })
    await eventually(async () => expect(carrying((await west.importSet('web')).slices)).toEqual([]))
  })

  test('comes when its namespace does, and not before', async () => {
    const { east, west } = await pair()
    await east.api.namespace('later')
    await east.client.create<Service>(Resource.service, {
      metadata: { name: 'web', namespace: 'later' },
      spec: { ports: [{ port: 80 }] },
    })
    await east.client.create(Resource.serviceExport, { metadata: { name: 'web', namespace: 'later' } })
    await east.whenReady('web', 'later')
    expect(west.writes).toEqual([])
    await west.api.namespace('later')
    await west.whenReady('web', 'later')
  })

  test('follows the routers when they move', async () => {
    const { east, west } = await pair()
    await east.exportService('web')
    await west.whenReady('web')
    await west.setEndpoints('fairlead-router', ['10.244.0.7', '10.244.0.6'], 5671, SYSTEM_NAMESPACE)
    await eventually(async () =>
      expect(carrying((await west.importSet('web')).slices)[0]).toContain('10.244.0.6,10.244.0.7'),
    )
  })

  test('names those who lose and win where exports disagree, on the exports of both clusters', async () => {
    const { east, west } = await pair()
    await east.exportService('web')
    await east.whenReady('web')
    await west.createService('web', [{ name: 'http', protocol: 'TCP', port: 8080 }])
    await west.createExport('web')
    for (const cluster of [east, west]) {
      await eventually(async () => {
        const { Conflict } = await cluster.conditions('web')
        expect(Conflict).toMatchObject({ status: 'True', reason: 'PortConflict' })
      })
    }
    expect((await west.importSet('web')).import?.spec?.ports?.map(({ port }) => port)).toEqual([80])
    const overruled = async (cluster: ExporterCluster) =>
      (await cluster.conditions('web'))['fairlead.dev/Overruled']?.status
    await eventually(async () => expect(await overruled(west)).toBe('True'))
    await eventually(() => expect(west.figures.overruled).toBe(1))
    expect([await overruled(east), east.figures.overruled]).toEqual([undefined, 0])
    await west.unexport('web')
    await eventually(async () => expect((await east.conditions('web'))['Conflict']?.status).toBe('False'))
  })
})

describe('what others do to our objects is put right', () => {
  test('edits of the import, the derived Service and a slice', async () => {
    const { east, west } = await pair()
    await east.exportService('web')
    const before = await west.whenReady('web')
    await west.whenQuiet()
    const derived = before.service?.metadata.name ?? ''
    const patch = (type: typeof Resource.service, name: string, change: object) =>
      west.client.patch(type, { namespace: 'demo', name }, 'merge', change)
    await patch(Resource.serviceImport, 'web', {
      spec: { ports: [{ port: 1 }], trafficDistribution: 'mine' },
    })
    await patch(Resource.service, derived, {
      metadata: { labels: { mine: 'stays' } },
      spec: {
        selector: { app: 'x' },
        ports: [
          { name: 'http', port: 80, targetPort: 22 },
          { name: 'x', port: 81 },
        ],
      },
    })
    await patch(Resource.endpointSlice, before.slices[0]?.metadata.name ?? '', {
      endpoints: [{ addresses: ['192.0.2.1'] }],
    })
    await eventually(async () => {
      const after = await west.importSet('web')
      expect(after.import?.spec).toEqual(before.import?.spec)
      expect(after.service?.spec).toEqual(before.service?.spec)
      expect(after.slices.map(({ endpoints }) => endpoints)).toEqual(
        before.slices.map(({ endpoints }) => endpoints),
      )
    })
    expect((await west.importSet('web')).service?.metadata.labels).toMatchObject({ mine: 'stays' })
  })

  test('a derived Service that is deleted comes back under its address and router port', async () => {
    const { east, west } = await pair()
    await east.exportService('web')
    const before = await west.whenReady('web')
    await west.client.delete(Resource.service, {
      namespace: 'demo',
      name: before.service?.metadata.name ?? '',
    })
    await eventually(async () => {
      const after = await west.importSet('web')
      expect(after.service?.metadata.uid).not.toBe(before.service?.metadata.uid)
      expect(after.service?.spec).toEqual(before.service?.spec)
      expect(after.import?.spec?.ips).toEqual(before.import?.spec?.ips)
    })
  })

  test('an import that is deleted comes back, and its parts belong to the new one', async () => {
    const { east, west } = await pair()
    await east.exportService('web')
    const before = await west.whenReady('web')
    await west.client.delete(Resource.serviceImport, { namespace: 'demo', name: 'web' })
    await eventually(async () => {
      const after = await west.importSet('web')
      expect(after.import?.metadata.uid).toBeDefined()
      expect(after.import?.metadata.uid).not.toBe(before.import?.metadata.uid)
      const owners = [after.service, ...after.slices].map((each) => each?.metadata.ownerReferences?.[0]?.uid)
      expect(owners.length).toBe(2)
      expect(owners.every((uid) => uid === after.import?.metadata.uid)).toBe(true)
    })
  })

  test('an import that nobody exports is removed', async () => {
    const { west } = await pair()
    await west.client.create<ServiceImport>(Resource.serviceImport, {
      metadata: { name: 'stray', namespace: 'demo' },
      spec: { type: 'ClusterSetIP', ports: [] },
    })
    await west.whenGone('stray')
  })
})

describe('restarts', () => {
  test('a controller that starts again writes nothing', async () => {
    const { east, west } = await pair()
    await east.exportService('web')
    await east.exportService('other')
    for (const cluster of [east, west]) await cluster.whenReady('web')
    await eventually(async () => expect((await east.conditions('web'))['Ready']?.reason).toBe('Exported'))
    for (const cluster of [east, west]) {
      await cluster.whenQuiet()
      await cluster.stopController()
      cluster.writes.length = 0
      await cluster.startController()
      await cluster.whenQuiet()
      expect(cluster.writes).toEqual([])
    }
  })

  test('a directory that is lost takes no import along; when the cluster is back without the export it goes', async () => {
    const { east, west, routers } = await pair()
    await east.exportService('web')
    const before = await west.whenReady('web')
    await west.whenQuiet()
    await east.stopController()
    await west.stopController()
    routers.forget()
    west.writes.length = 0
    await west.startController()
    await west.whenQuiet()
    const after = await west.importSet('web')
    expect(west.writes).toEqual([])
    expect([after.import, after.service].map((each) => each && withoutVersions(each))).toEqual(
      [before.import, before.service].map((each) => each && withoutVersions(each)),
    )
    await east.unexport('web')
    await east.startController()
    await west.whenGone('web')
  })

  test('changes made while no controller ran are caught up with', async () => {
    const { east, west } = await pair()
    await east.exportService('web')
    await west.whenReady('web')
    await east.stopController()
    await east.unexport('web')
    await east.exportService('other')
    await east.startController()
    await west.whenReady('other')
    await Promise.all([east.whenGone('web'), west.whenGone('web')])
  })

  test('an API server that goes away and comes back is caught up with', async () => {
    const { east, west } = await pair(true)
    await east.exportService('web')
    const before = await west.whenReady('web')
    await west.whenQuiet()
    await Promise.all([west.api.restart(), east.exportService('other')])
    await eventually(() => west.whenReady('other'), { within: 20_000 })
    const after = await west.importSet('web')
    expect([after.import, after.service].map((each) => each?.metadata.resourceVersion)).toEqual(
      [before.import, before.service].map((each) => each?.metadata.resourceVersion),
    )
  }, 40_000)
})

describe('writes', () => {
  test('a remote export costs the import two writes and a status, the Service one, the slice one', async () => {
    const { east, west } = await pair()
    await east.exportService('web')
    const { service, slices } = await west.whenReady('web')
    await west.whenQuiet()
    expect([...west.writes].sort()).toEqual(
      [
        'apply serviceimports web',
        'apply serviceimports web',
        'apply-status serviceimports web',
        `apply services ${service?.metadata.name}`,
        `apply endpointslices ${slices[0]?.metadata.name}`,
      ].sort(),
    )
  })

  test('more endpoints behind an export cost the other cluster nothing', async () => {
    const { east, west } = await pair()
    await east.exportService('web')
    await west.whenReady('web')
    await west.whenQuiet()
    west.writes.length = 0
    await east.setEndpoints('web', ['10.244.0.9', '10.244.0.10', '10.244.0.11'], 8080)
    await eventually(async () => expect((await east.importSet('web')).slices[0]?.endpoints.length).toBe(3))
    await west.whenQuiet()
    expect(west.writes).toEqual([])
  })

  test('two hundred exports become two hundred imports, each with its own address and router port', async () => {
    const { east, west } = await pair()
    const names = Array.from({ length: 200 }, (_, index) => `s${index}`)
    for (const name of names) {
      await east.createService(name, [{ name: 'http', port: 80 }])
      await east.createExport(name)
    }
    await eventually(
      async () => {
        const { items } = await west.client.list<ServiceImport>(Resource.serviceImport, { namespace: 'demo' })
        expect(items.filter(({ status }) => status?.conditions?.[0]?.status === 'True').length).toBe(200)
      },
      { within: 60_000, every: 250 },
    )
    const { items } = await west.client.list<Service>(Resource.service, { namespace: 'demo' })
    expect(new Set(items.map(({ spec }) => spec?.clusterIP)).size).toBe(200)
    expect(new Set(items.map((each) => listenPorts(each)[80])).size).toBe(200)
    await west.whenQuiet()
    expect(west.writes.length).toBeLessThanOrEqual(200 * 6)
  }, 120_000)
})
