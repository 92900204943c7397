/** TrafficPolicies as real objects: what they do to slices, status and routes, and what is left when they go. */
import { afterEach, describe, expect, test } from '@jest/globals'
import { SYSTEM_NAMESPACE } from '../../../src/api/names.ts'
import type { KubeObject } from '../../../src/api/objects.ts'
import { Resource } from '../../../src/api/resources.ts'
import type { TrafficPolicy, TrafficPolicySpec } from '../../../src/api/traffic-policy.ts'
import { DEFAULT_TRAFFIC } from '../../../src/api/traffic-settings.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLogger } from '../../../src/core/log.ts'
import { createRouteSource, type RouteSource } from '../../../src/exporter/route-source.ts'
import { eventually } from '../../support/eventually.ts'
import { ExporterCluster } from '../../support/exporter-cluster.ts'
import { MemoryDirectory, type MemoryLink } from '../../support/memory-directory.ts'

const cleanups: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function start(name: string, link: MemoryLink): Promise<ExporterCluster> {
  const cluster = await ExporterCluster.start(name, link)
  cleanups.push(() => cluster[Symbol.asyncDispose]())
  return cluster
}

/** West imports web from east and exports it itself. */
async function pair() {
  const routers = new MemoryDirectory()
  const [east, west] = await Promise.all([start('east', routers.connect()), start('west', routers.connect())])
  await east.exportService('web')
  await west.exportService('web', ['10.244.0.20'])
  await carried(west, ['west 10.244.0.20'])
  return { east, west }
}

async function routesOf({ client }: ExporterCluster): Promise<RouteSource> {
  const deps = { client, clock: systemClock, log: silentLogger }
  const source = createRouteSource(deps, { namespace: SYSTEM_NAMESPACE })
  await source.start()
  cleanups.push(() => source.stop())
  await eventually(() => source.snapshots.current().synced)
  return source
}

const ref = (name: string) => ({ namespace: 'demo', name })

async function policy(
  { client }: ExporterCluster,
  name: string,
  spec: Partial<TrafficPolicySpec>,
): Promise<TrafficPolicy> {
  const wanted = { metadata: ref(name), spec: { targets: [{ name: 'web' }], ...spec } }
  return await client.apply<TrafficPolicy>(Resource.trafficPolicy, wanted, { fieldManager: 'user' })
}

const statusOf = async ({ client }: ExporterCluster, name: string) =>
  (await client.get<TrafficPolicy>(Resource.trafficPolicy, ref(name)))?.status

/** `Accepted=True Accepted` and so on. */
async function conditionsOf(cluster: ExporterCluster, name: string): Promise<string[]> {
  const { conditions = [] } = (await statusOf(cluster, name)) ?? {}
  return conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`)
}

/** Waits until the slices that kube-proxy goes by are these: `source addresses`. */
async function carried(cluster: ExporterCluster, expected: string[]): Promise<void> {
  await eventually(async () => {
    const { slices } = await cluster.importSet('web')
    const found = slices
      .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] !== undefined)
      .map(({ metadata, endpoints }) => {
        const source = metadata.labels?.['multicluster.kubernetes.io/source-cluster']
        return `${source} ${endpoints.map(({ addresses }) => addresses[0]).join()}`
      })
    expect(found.sort()).toEqual(expected)
  })
}

const chosen = async (cluster: ExporterCluster, name: string) => (await statusOf(cluster, name))?.services

describe('a policy', () => {
  test('decides which slices carry traffic, from one moment to the next, and its end restores the defaults', async () => {
    const { west } = await pair()
    await policy(west, 'web', { locality: 'Any' })
    await carried(west, ['east 10.244.0.5'])
    await eventually(async () =>
      expect(await chosen(west, 'web')).toEqual([{ name: 'web', clusters: ['east', 'west'] }]),
    )
    await policy(west, 'web', { locality: 'RequireLocal' })
    await carried(west, ['west 10.244.0.20'])
    await policy(west, 'web', { locality: 'Failover', failover: ['east'] })
    await carried(west, ['east 10.244.0.5'])
    await west.client.delete(Resource.trafficPolicy, ref('web'))
    await carried(west, ['west 10.244.0.20'])
  })

  test('with RequireLocal leaves nothing to connect to when no local endpoint is ready', async () => {
    const { west } = await pair()
    await policy(west, 'web', { locality: 'RequireLocal' })
    await west.setEndpoints('web', ['10.244.0.20'], 8080, 'demo', false)
    await eventually(async () => {
      const { slices } = await west.importSet('web')
      const ready = slices.flatMap(({ endpoints }) => endpoints.filter(({ conditions }) => conditions?.ready))
      expect(ready).toEqual([])
    })
  })

  test('tells which clusters are chosen as endpoints come and go', async () => {
    const { east, west } = await pair()
    await policy(west, 'web', { locality: 'Failover', failover: ['east', 'west'] })
    const expectChosen = (...clusters: string[]) =>
      eventually(async () => expect(await chosen(west, 'web')).toEqual([{ name: 'web', clusters }]))
    await expectChosen('east')
    await east.setEndpoints('web', ['10.244.0.9'], 8080, 'demo', false)
    await expectChosen('west')
    await carried(west, ['west 10.244.0.20'])
    await east.setEndpoints('web', ['10.244.0.9'], 8080)
    await expectChosen('east')
  })

  test('by labels holds for exports that have them, and for imports they are exported to', async () => {
    const { east, west } = await pair()
    const selector = { matchLabels: { tier: 'batch' } }
    await policy(west, 'batch', { targets: [{ selector }], locality: 'Any' })
    await eventually(async () =>
      expect(await conditionsOf(west, 'batch')).toEqual([
        'Accepted=False NoTargets',
        'Conflicted=False NoConflicts',
      ]),
    )
    await east.client.patch(Resource.serviceExport, ref('web'), 'merge', {
      spec: { exportedLabels: { tier: 'batch' } },
    })
    await carried(west, ['east 10.244.0.5'])
    await eventually(async () =>
      expect((await conditionsOf(west, 'batch'))[0]).toBe('Accepted=True Accepted'),
    )
    await east.client.patch(Resource.serviceExport, ref('web'), 'merge', {
      spec: { exportedLabels: { tier: null } },
    })
    await carried(west, ['west 10.244.0.20'])
    await west.client.patch(Resource.serviceExport, ref('web'), 'merge', {
      metadata: { labels: { tier: 'batch' } },
    })
    await carried(west, ['east 10.244.0.5'])
  })

  test('that cannot be used says why, and the defaults stay', async () => {
    const { west } = await pair()
    // What a real API server refuses by a CEL rule, and may have kept from before there was one.
    await policy(west, 'web', { locality: 'Failover' })
    await eventually(async () =>
      expect(await conditionsOf(west, 'web')).toEqual([
        'Accepted=False Invalid',
        'Conflicted=False NoConflicts',
      ]),
    )
    const [accepted] = (await statusOf(west, 'web'))?.conditions ?? []
    expect(accepted).toMatchObject({
      message: 'spec.locality Failover needs the list spec.failover',
      observedGeneration: 1,
    })
    await carried(west, ['west 10.244.0.20'])
    await eventually(async () => {
      const events = await west.client.list<KubeObject & { reason?: string; regarding?: { kind?: string } }>(
        Resource.event,
        { namespace: 'demo' },
      )
      const about = events.items.filter(({ regarding }) => regarding?.kind === 'TrafficPolicy')
      expect(about.map(({ reason }) => reason)).toEqual(['Invalid'])
    })
    await policy(west, 'web', { locality: 'Any' })
    await carried(west, ['east 10.244.0.5'])
    await eventually(async () => {
      const [mended] = (await statusOf(west, 'web'))?.conditions ?? []
      expect(mended).toMatchObject({ status: 'True', observedGeneration: 2 })
    })
  })

  test('loses a service to an older one, is told so, and gets it when the older one goes', async () => {
    const { west } = await pair()
    await policy(west, 'a', { locality: 'RequireLocal' })
    await policy(west, 'b', { locality: 'Any', targets: [{ name: 'web' }, { name: 'db' }] })
    await eventually(async () =>
      expect(await conditionsOf(west, 'b')).toEqual(['Accepted=True Accepted', 'Conflicted=True Conflicted']),
    )
    const [, conflicted] = (await statusOf(west, 'b'))?.conditions ?? []
    expect(conflicted?.message).toBe('an older policy decides about web (a)')
    await carried(west, ['west 10.244.0.20'])
    await west.client.delete(Resource.trafficPolicy, ref('a'))
    await carried(west, ['east 10.244.0.5'])
    await eventually(async () =>
      expect((await conditionsOf(west, 'b'))[1]).toBe('Conflicted=False NoConflicts'),
    )
  })

  test('has its status written only when that changes, and put right when others edit it', async () => {
    const { west } = await pair()
    await policy(west, 'web', { locality: 'Any' })
    await eventually(async () => expect(await chosen(west, 'web')).toBeDefined())
    await west.whenQuiet()
    const writes = () => west.writes.filter((write) => write.includes('trafficpolicies'))
    expect(writes()).toEqual(['apply-status trafficpolicies web'])
    await west.stopController()
    await west.startController()
    await west.whenQuiet()
    expect(writes()).toHaveLength(1)
    await west.client.patch(
      Resource.trafficPolicy,
      ref('web'),
      'merge',
      { status: { services: [] } },
      'status',
    )
    await eventually(async () => expect(await chosen(west, 'web')).toHaveLength(1))
  })
})

describe('the routes of a router', () => {
  test('have the settings of policies while these are there', async () => {
    const { west } = await pair()
    const routes = await routesOf(west)
    const settings = () => routes.snapshots.current().traffic.get('demo/web')
    expect(settings()).toBeUndefined()
    await policy(west, 'web', { locality: 'Any', weights: { east: 2 }, retries: 1, idleTimeout: '90s' })
    await eventually(() =>
      expect(settings()).toEqual({
        ...DEFAULT_TRAFFIC,
        locality: 'Any',
        weights: new Map([['east', 2]]),
        retries: 1,
        idleMs: 90_000,
      }),
    )
    await west.client.delete(Resource.trafficPolicy, ref('web'))
    await eventually(() => expect(settings()).toBeUndefined())
  })

  test('send the PROXY header that a policy asks for, unless the export says something else', async () => {
    const { west } = await pair()
    const routes = await routesOf(west)
    const header = () => routes.snapshots.current().exports.get('demo/web')?.[0]?.proxyProtocol
    const annotate = (value: string | null) =>
      west.client.patch(Resource.serviceExport, ref('web'), 'merge', {
        metadata: { annotations: { 'fairlead.dev/proxy-protocol': value } },
      })
    await policy(west, 'web', { proxyProtocol: 'V2' })
    await eventually(() => expect(header()).toBe('V2'))
    await annotate('v1')
    await eventually(() => expect(header()).toBe('V1'))
    await annotate('V1')
    await eventually(() => expect(header()).toBe('None'))
    const configured = async () => (await west.conditions('web'))['fairlead.dev/Configured']?.reason
    await eventually(async () => expect(await configured()).toBe('InvalidProxyProtocol'))
    await annotate(null)
    await eventually(() => expect(header()).toBe('V2'))
    await eventually(async () => expect(await configured()).toBeUndefined())
    await west.client.delete(Resource.trafficPolicy, ref('web'))
    await eventually(() => expect(header()).toBe('None'))
  })

  test('do not change for what is written into the status of a policy', async () => {
    const { east, west } = await pair()
    await policy(west, 'web', { locality: 'Any' })
    const routes = await routesOf(west)
    await eventually(() => routes.snapshots.current().traffic.size === 1)
    await west.whenQuiet()
    const before = routes.snapshots.current()
    await east.setEndpoints('web', ['10.244.0.9'], 8080, 'demo', false)
    await eventually(async () =>
      expect(await chosen(west, 'web')).toEqual([{ name: 'web', clusters: ['west'] }]),
    )
    expect(routes.snapshots.current().traffic).toBe(before.traffic)
  })
})
