/** ServicePolicies as real objects: who imports, what is told of them, and what routers count into their status. */
import { afterEach, describe, expect, test } from '@jest/globals'
import type { ServiceExport } from '../../../src/api/mcs.ts'
import { SYSTEM_NAMESPACE } from '../../../src/api/names.ts'
import type { KubeObject, Service } from '../../../src/api/objects.ts'
import { Resource } from '../../../src/api/resources.ts'
import type { ServicePolicy, ServicePolicySpec } from '../../../src/api/service-policy.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLogger } from '../../../src/core/log.ts'
import { createMetrics } from '../../../src/core/metrics.ts'
import { DenialReporter } from '../../../src/exporter/denial-reporter.ts'
import { createRouteSource, type RouteSource } from '../../../src/exporter/route-source.ts'
import { DenialCounts } from '../../../src/router/policy/denial-counts.ts'
import { eventually } from '../../support/eventually.ts'
import { ExporterCluster } from '../../support/exporter-cluster.ts'
import { MemoryDirectory } from '../../support/memory-directory.ts'

const cleanups: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function clusters(...names: string[]) {
  const routers = new MemoryDirectory()
  const started = await Promise.all(names.map((name) => ExporterCluster.start(name, routers.connect())))
  for (const cluster of started) cleanups.push(() => cluster[Symbol.asyncDispose]())
  return { routers, started }
}

/** East exports web, west and north see it. */
async function three() {
  const { routers, started } = await clusters('east', 'west', 'north')
  const [east, west, north] = started
  if (east === undefined || west === undefined || north === undefined) throw new Error('no cluster')
  await east.exportService('web')
  for (const cluster of [east, west, north]) await cluster.whenReady('web')
  return { routers, east, west, north }
}

async function routesOf({ client }: ExporterCluster): Promise<RouteSource> {
  const source = createRouteSource(
    { client, clock: systemClock, log: silentLogger },
    { namespace: SYSTEM_NAMESPACE },
  )
  await source.start()
  cleanups.push(() => source.stop())
  await eventually(() => source.snapshots.current().synced)
  return source
}

const ref = (name: string) => ({ namespace: 'demo', name })

async function policy(
  { client }: ExporterCluster,
  name: string,
  spec: Partial<ServicePolicySpec>,
): Promise<ServicePolicy> {
  const wanted = { metadata: ref(name), spec: { targets: [{ name: 'web' }], ...spec } }
  return await client.apply<ServicePolicy>(Resource.servicePolicy, wanted, { fieldManager: 'user' })
}

const statusOf = async ({ client }: ExporterCluster, name: string) =>
  (await client.get<ServicePolicy>(Resource.servicePolicy, ref(name)))?.status

/** `Accepted=True Accepted`. */
async function conditionOf(cluster: ExporterCluster, name: string): Promise<string> {
  const [condition] = (await statusOf(cluster, name))?.conditions ?? []
  return `${condition?.type}=${condition?.status} ${condition?.reason}`
}

async function eventsOf({ client }: ExporterCluster) {
  const events = await client.list<
    KubeObject & { reason?: string; note?: string; regarding?: { kind?: string }; series?: { count: number } }
  >(Resource.event, { namespace: 'demo' })
  return events.items.filter(({ regarding }) => regarding?.kind === 'ServicePolicy')
}

describe('an import', () => {
  test('goes and comes in clusters of which nobody may call, with all that belongs to it', async () => {
    const { routers, east, west, north } = await three()
    await policy(east, 'p', { allow: [{ clusters: ['west'] }] })
    await north.whenGone('web')
    expect(routers.get('east')?.records.get('demo/web')?.importers).toEqual(['west'])
    await west.whenReady('web')
    await policy(east, 'p', { allow: [{ clusters: ['north'] }] })
    await north.whenReady('web')
    await west.whenGone('web')
    await east.client.delete(Resource.servicePolicy, ref('p'))
    await west.whenReady('web')
  })

  test('stays in its own cluster, whoever may call', async () => {
    const { east, west, north } = await three()
    await policy(east, 'p', { allow: [] })
    for (const cluster of [west, north]) await cluster.whenGone('web')
    await east.whenReady('web')
    expect(await conditionOf(east, 'p')).toBe('Accepted=True Accepted')
  })

  test('stays where clients of some namespace may call', async () => {
    const { routers, east, north } = await three()
    await policy(east, 'p', { allow: [{ namespaces: ['shop'] }] })
    await eventually(async () => expect(await conditionOf(east, 'p')).toBe('Accepted=True Accepted'))
    expect(routers.get('east')?.records.get('demo/web')?.importers).toBeUndefined()
    await north.whenReady('web')
  })

  test('has the clusters only whose exports are visible', async () => {
    const { east, west, north } = await three()
    await west.exportService('web', ['10.244.0.20'])
    const exporters = async () => {
      const { import: found } = await north.importSet('web')
      return found?.status?.clusters?.map(({ cluster }) => cluster).sort()
    }
    await eventually(async () => expect(await exporters()).toEqual(['east', 'west']))
    await policy(east, 'p', { allow: [{ clusters: ['west'] }] })
    await eventually(async () => expect(await exporters()).toEqual(['west']))
    const sources = (await north.importSet('web')).slices.map(
      ({ metadata }) => metadata.labels?.['multicluster.kubernetes.io/source-cluster'],
    )
    expect(sources).toEqual(['west'])
  })

  test('is hidden from the moment that its service is exported, when the policy was there before', async () => {
    const { routers, started } = await clusters('east', 'west')
    const [east, west] = started
    if (east === undefined || west === undefined) throw new Error('no cluster')
    await policy(east, 'by-label', { targets: [{ selector: { matchLabels: { tier: 'db' } } }], allow: [] })
    await eventually(async () => expect(await conditionOf(east, 'by-label')).toBe('Accepted=False NoTargets'))
    const seen: unknown[] = []
    const link = routers.connect()
    link.directory.subscribe((next) => seen.push(next.get('east')?.records.get('demo/web')?.importers))
    await east.createService('web', [{ name: 'http', protocol: 'TCP', port: 80 }])
    await east.client.create(Resource.serviceExport, {
      metadata: { ...ref('web'), labels: { tier: 'db' } },
    })
    await east.whenReady('web')
    await eventually(() => expect(routers.get('east')?.records.has('demo/web')).toBe(true))
    expect(new Set(seen.filter((importers) => importers !== undefined).map(String))).toEqual(new Set(['']))
    expect((await west.importSet('web')).import).toBeUndefined()
    await east.client.delete(Resource.servicePolicy, ref('by-label'))
    await west.whenReady('web')
  })
})

test('a namespace is missed only by clusters that would import from it', async () => {
  const { routers, east } = await three()
  await east.api.namespace('extra')
  const metadata = { namespace: 'extra', name: 'db' }
  await east.client.create<Service>(Resource.service, { metadata, spec: { ports: [{ port: 80 }] } })
  await east.client.create<ServiceExport>(Resource.serviceExport, { metadata })
  const missed = () =>
    ['west', 'north'].map((cluster) => routers.get(cluster)?.facts?.missingNamespaces ?? [])
  await eventually(() => expect(missed()).toEqual([['extra'], ['extra']]))
  await east.client.create<ServicePolicy>(Resource.servicePolicy, {
    metadata,
    spec: { targets: [{ name: 'db' }], allow: [{ clusters: ['west'] }] },
  })
  await eventually(() => expect(missed()).toEqual([['extra'], []]))
})

describe('the status of a policy', () => {
  test('says what it targets, by name and by labels, as exports come and go', async () => {
    const { east } = await three()
    await policy(east, 'p', { targets: [{ name: 'db' }, { selector: { matchLabels: { tier: 'x' } } }] })
    await eventually(async () => expect(await conditionOf(east, 'p')).toBe('Accepted=False NoTargets'))
    await east.client.patch(Resource.serviceExport, ref('web'), 'merge', {
      metadata: { labels: { tier: 'x' } },
    })
    await eventually(async () => expect((await statusOf(east, 'p'))?.exports).toEqual(['web']))
    await east.exportService('db', ['10.244.0.30'])
    await eventually(async () => expect((await statusOf(east, 'p'))?.exports).toEqual(['db', 'web']))
    expect(await conditionOf(east, 'p')).toBe('Accepted=True Accepted')
    await east.unexport('web')
    await eventually(async () => expect((await statusOf(east, 'p'))?.exports).toEqual(['db']))
  })

  test('of one that cannot be used says why, in an Event too, while nobody may call what it targets', async () => {
    const { east, west } = await three()
    // What a real API server refuses by a CEL rule, and may have kept from before there was one.
    await policy(east, 'p', { allow: [{}] })
    await west.whenGone('web')
    await eventually(async () => expect(await conditionOf(east, 'p')).toBe('Accepted=False Invalid'))
    const [condition] = (await statusOf(east, 'p'))?.conditions ?? []
    expect(condition).toMatchObject({
      message:
        'spec.allow[0] needs clusters, namespaces or serviceAccounts. Until this is mended it lets nobody call its targets',
      observedGeneration: 1,
    })
    await eventually(async () =>
      expect((await eventsOf(east)).map(({ reason }) => reason)).toEqual(['Invalid']),
    )
    await policy(east, 'p', { allow: [{ clusters: ['west'] }] })
    await west.whenReady('web')
  })

  test('is written only when it changes, and put right when others edit it', async () => {
    const { east } = await three()
    await policy(east, 'p', { allow: [{ clusters: ['west'] }] })
    await eventually(async () => expect(await conditionOf(east, 'p')).toBe('Accepted=True Accepted'))
    await east.whenQuiet()
    const writes = () => east.writes.filter((write) => write.includes('servicepolicies'))
    expect(writes()).toEqual(['apply-status servicepolicies p'])
    await east.stopController()
    await east.startController()
    await east.whenQuiet()
    expect(writes()).toHaveLength(1)
    await east.client.patch(
      Resource.servicePolicy,
      ref('p'),
      'merge',
      { status: { exports: ['wrong'], denied: 7 } },
      'status',
    )
    await eventually(async () => expect((await statusOf(east, 'p'))?.exports).toEqual(['web']))
    expect((await statusOf(east, 'p'))?.denied).toBe(7)
  })
})

describe('routers', () => {
  /** One that counts into the status, as if it had flows. */
  async function reporting(cluster: ExporterCluster) {
    const { client } = cluster
    const routes = await routesOf(cluster)
    const denials = new DenialCounts(systemClock, createMetrics())
    const reporter = new DenialReporter({
      client,
      policies: routes.servicePolicies,
      denials,
      clock: systemClock,
      log: silentLogger,
    })
    await reporter.start()
    cleanups.push(() => reporter.stop())
    return { denials, reporter }
  }

  test('have the policies in their snapshots, also of exports that are not there yet', async () => {
    const { east } = await three()
    const routes = await routesOf(east)
    const access = () => routes.snapshots.current().access
    expect(access().size).toBe(0)
    await policy(east, 'p', {
      targets: [{ name: 'web' }, { name: 'later' }],
      allow: [{ clusters: ['west'] }],
      limits: { connections: 5 },
    })
    const held = [{ policy: 'demo/p', rules: [{ clusters: ['west'] }], limits: { connections: 5 } }]
    await eventually(() =>
      expect([...access()]).toEqual([
        ['demo/later', held],
        ['demo/web', held],
      ]),
    )
    await east.client.delete(Resource.servicePolicy, ref('p'))
    await eventually(() => expect(access().size).toBe(0))
  })

  test('add what they refused to one number, each without taking away what others added', async () => {
    const { east } = await three()
    await policy(east, 'p', { allow: [] })
    const [one, other] = await Promise.all([reporting(east), reporting(east)])
    await eventually(async () => expect(await conditionOf(east, 'p')).toBe('Accepted=True Accepted'))
    for (let index = 0; index < 5; index += 1) {
      one.denials.add(['demo/p'], 'west', 'NotAllowed')
      other.denials.add(['demo/p'], 'north', 'NotAllowed')
      other.denials.add(['demo/p'], 'west', 'Connections')
    }
    await eventually(async () => expect((await statusOf(east, 'p'))?.denied).toBe(15), { within: 20_000 })
    expect((await statusOf(east, 'p'))?.refusals).toEqual([
      expect.objectContaining({ cluster: 'north', count: 5, reason: 'NotAllowed' }),
      expect.objectContaining({ cluster: 'west', count: 10 }),
    ])
    expect((await statusOf(east, 'p'))?.exports).toEqual(['web'])
  })

  test('that end write what is left', async () => {
    const { east } = await three()
    await policy(east, 'p', { allow: [] })
    const { denials, reporter } = await reporting(east)
    await eventually(async () => expect(await conditionOf(east, 'p')).toBe('Accepted=True Accepted'))
    denials.add(['demo/p'], 'west', 'NotAllowed')
    await reporter.stop()
    expect((await statusOf(east, 'p'))?.denied).toBe(1)
  })

  test('have their refusals told in one Event for each cluster, however many there were', async () => {
    const { east } = await three()
    await policy(east, 'p', { allow: [] })
    const { denials } = await reporting(east)
    for (let index = 0; index < 100; index += 1) denials.add(['demo/p'], 'west', 'NotAllowed')
    denials.add(['demo/p'], 'north', 'NotAllowed')
    await eventually(async () =>
      expect((await eventsOf(east)).map(({ reason, note }) => `${reason}: ${note}`).sort()).toEqual([
        'FlowsRefused: refuses flows from cluster north: no policy of the service lets the client call',
        'FlowsRefused: refuses flows from cluster west: no policy of the service lets the client call',
      ]),
    )
  })
})
