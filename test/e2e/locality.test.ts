/** Which cluster answers: each locality mode, weights, and clients that stay with their endpoint. */
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { type Clusters, curl, peerConfig, rolledOut, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab } from '../support/missing.ts'
import {
  applyAll,
  peerDeployment,
  peerService,
  serviceExport,
  trafficPolicy,
} from '../support/peer-objects.ts'
import { ROOT } from '../support/source-tree.ts'

const PORT = 7400
const peer = join(ROOT, 'test/support/endpoint-peer.mjs')
const host = (service: string) => `${service}.demo.svc.clusterset.local`

interface Sample {
  readonly clusters: Readonly<Record<string, number>>
  readonly pods: Readonly<Record<string, number>>
  readonly failed: Readonly<Record<string, number>>
}

describeInLab([], 'clusters that answer', () => {
  let clusters: Clusters
  /** Asks on new connections, from one client in west. */
  const sample = async (count: number, service = 'spot') => {
    const command = ['node', peer, 'sample', host(service), String(count)]
    return JSON.parse((await clusters.exec('west', command)).stdout) as Sample
  }
  const policy = (spec: object) => applyAll(clusters, 'west', trafficPolicy('spot', spec))
  /** Changes apply to new flows at once: what comes after the first answer of the new kind is all of it. */
  const answeredBy = async (...wanted: string[]) => {
    await eventually(async () => expect(Object.keys((await sample(40)).clusters).sort()).toEqual(wanted), {
      within: 15_000,
    })
    const { clusters: answers, failed } = await sample(80)
    expect(Object.keys(answers).sort()).toEqual(wanted)
    expect(failed).toEqual({})
  }
  const scale = async (cluster: string, replicas: number) => {
    await clusters.kubectl(cluster, ['-n', 'demo', 'scale', 'deployment/spot', `--replicas=${replicas}`])
    await rolledOut(clusters, cluster, 'spot')
  }
  const refused = () =>
    eventually(
      async () => expect(await sample(4)).toEqual({ clusters: {}, pods: {}, failed: { ECONNREFUSED: 4 } }),
      { within: 15_000 },
    )

  beforeAll(async () => {
    clusters = await upLab()
    for (const cluster of ['east', 'west']) {
      await clusters.kubectl(cluster, ['create', 'namespace', 'demo'])
      await peerConfig(clusters, cluster, 'endpoint-peer.mjs')
      const server = { script: 'endpoint-peer.mjs', port: PORT, env: { CLUSTER: cluster } }
      await applyAll(
        clusters,
        cluster,
        peerDeployment({ name: 'spot', replicas: 2, ...server }),
        peerService('spot', 'spot', [{ port: PORT }]),
        serviceExport('spot'),
      )
      await rolledOut(clusters, cluster, 'spot')
    }
    await eventually(() => curl(clusters, 'west', `http://${host('spot')}:${PORT}/`))
  }, 180_000)
  afterAll(() => clusters?.down(), 60_000)

  beforeEach(async () => {
    await clusters.kubectl('west', ['-n', 'demo', 'delete', 'trafficpolicy', 'spot', '--ignore-not-found'])
    for (const cluster of ['east', 'west']) await scale(cluster, 2)
    await answeredBy('west')
  }, 60_000)

  test('without a policy the own cluster answers, and another when it cannot', async () => {
    await scale('west', 0)
    await answeredBy('east')
    await scale('west', 2)
    await answeredBy('west')
  }, 60_000)

  test('PreferLocal is what there is without a policy', async () => {
    await policy({ locality: 'PreferLocal' })
    await answeredBy('west')
    await scale('west', 0)
    await answeredBy('east')
  }, 60_000)

  test('Any takes all clusters alike', async () => {
    await policy({ locality: 'Any' })
    await answeredBy('east', 'west')
    const { east = 0, west = 0 } = (await sample(400)).clusters
    expect(east / (east + west)).toBeGreaterThan(0.4)
    expect(east / (east + west)).toBeLessThan(0.6)
  }, 60_000)

  test('weights shift the shares, and weight 0 is for when there is no other', async () => {
    await policy({ locality: 'Any', weights: { east: 3, west: 1 } })
    await answeredBy('east', 'west')
    const { east = 0, west = 0 } = (await sample(400)).clusters
    expect(east / (east + west)).toBeGreaterThan(0.65)
    expect(east / (east + west)).toBeLessThan(0.85)
    await policy({ locality: 'Any', weights: { east: 1, west: 0 } })
    await answeredBy('east')
    await scale('east', 0)
    await answeredBy('west')
  }, 60_000)

  test('RequireLocal refuses rather than go elsewhere', async () => {
    await policy({ locality: 'RequireLocal' })
    await answeredBy('west')
    await scale('west', 0)
    await refused()
    await scale('west', 1)
    await answeredBy('west')
  }, 60_000)

  test('Failover takes the first of its order that can answer', async () => {
    await policy({ locality: 'Failover', failover: ['east', 'west'] })
    await answeredBy('east')
    await scale('east', 0)
    await answeredBy('west')
    await scale('east', 1)
    await answeredBy('east')
  }, 60_000)

  test('with ClientIP affinity a client stays with one endpoint, and clients are spread', async () => {
    const affinity = { sessionAffinity: 'ClientIP' }
    const server = { script: 'endpoint-peer.mjs', port: PORT, env: { CLUSTER: 'east' } }
    await applyAll(
      clusters,
      'east',
      peerDeployment({ name: 'sticky', replicas: 3, ...server }),
      peerService('sticky', 'sticky', [{ port: PORT }], affinity),
      serviceExport('sticky'),
    )
    await rolledOut(clusters, 'east', 'sticky')
    await eventually(async () => expect((await sample(2, 'sticky')).failed).toEqual({}))
    // Each sample is a client pod of its own, with an address of its own.
    const samples = await Promise.all(Array.from({ length: 12 }, () => sample(12, 'sticky')))
    expect(samples.map(({ pods }) => Object.keys(pods).length)).toEqual(samples.map(() => 1))
    expect(new Set(samples.flatMap(({ pods }) => Object.keys(pods))).size).toBeGreaterThan(1)
  }, 60_000)
})
