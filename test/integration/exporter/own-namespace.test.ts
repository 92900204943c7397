/** The processes of a member of one namespace list and watch nothing beyond it, whatever stores they have. */
import { afterEach, expect, test } from '@jest/globals'
import { membershipProperties } from '../../../src/api/membership.ts'
import { Resource } from '../../../src/api/resources.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLogger } from '../../../src/core/log.ts'
import { createMetrics } from '../../../src/core/metrics.ts'
import { PodIdentities } from '../../../src/exporter/pod-identities.ts'
import { createRouteSource } from '../../../src/exporter/route-source.ts'
import { allSynced, isLiveNamespace, namespacedStores } from '../../../src/exporter/stores.ts'
import type { WatchingKubeClient } from '../../../src/kube/types.ts'
import { ApiCluster } from '../../support/api-cluster.ts'
import { eventually } from '../../support/eventually.ts'

const TEAM = 'team'
const cleanups: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** A cluster with an export in two namespaces, and a client that notes where it is asked to look. */
async function setUp() {
  const api = await ApiCluster.start()
  cleanups.push(() => api[Symbol.asyncDispose]())
  for (const namespace of [TEAM, 'other']) {
    await api.namespace(namespace)
    await api.client.create(Resource.serviceExport, { metadata: { name: 'web', namespace } })
  }
  const asked = new Map<string, Set<string | undefined>>()
  const note = (plural: string, namespace: string | undefined) =>
    asked.set(plural, (asked.get(plural) ?? new Set()).add(namespace))
  const client: Pick<WatchingKubeClient, 'list' | 'watch'> = {
    list: (type, options) => {
      note(type.plural, options?.namespace)
      return api.client.list(type, options)
    },
    watch: (type, options) => {
      note(type.plural, options.namespace)
      return api.client.watch(type, options)
    },
  }
  const elsewhere = () =>
    [...asked].filter(([, namespaces]) => namespaces.size !== 1 || !namespaces.has(TEAM))
  return { deps: { client, clock: systemClock, log: silentLogger }, asked, elsewhere }
}

test('a controller sees its own exports, its namespace, and who it is', async () => {
  const { deps, asked, elsewhere } = await setUp()
  const properties = membershipProperties({ clusterId: 'west-team', clusterset: 'shop' })
  const stores = namespacedStores(deps, TEAM, async () => properties)
  for (const store of Object.values(stores)) {
    await store.start()
    cleanups.push(() => store.stop())
  }
  await allSynced(stores, AbortSignal.timeout(30_000))
  expect(stores.exports.list().map(({ metadata }) => metadata.namespace)).toEqual([TEAM])
  expect([TEAM, 'other'].map((name) => isLiveNamespace(stores.namespaces, name))).toEqual([true, false])
  expect(stores.properties.list()).toEqual(properties)
  expect(asked.size).toBeGreaterThan(4)
  expect(elsewhere()).toEqual([])
})

test('a router sees the exports, the links and the pods there', async () => {
  const { deps, asked, elsewhere } = await setUp()
  const source = createRouteSource(deps, { namespace: TEAM, watched: TEAM })
  const pods = new PodIdentities(deps, createMetrics(), { namespace: TEAM })
  for (const part of [source, pods]) {
    await part.start()
    cleanups.push(() => part.stop())
  }
  await eventually(() => source.snapshots.current().synced && asked.has('pods'))
  expect([...source.snapshots.current().exports.keys()].filter((key) => !key.startsWith(`${TEAM}/`))).toEqual(
    [],
  )
  expect([...asked.keys()]).toEqual(expect.arrayContaining(['links', 'pods', 'services', 'trafficpolicies']))
  expect(elsewhere()).toEqual([])
})
