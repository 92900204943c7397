/** Several router replicas in each cluster: replaced, scaled and killed while clients make new connections all the while. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { SYSTEM_NAMESPACE } from '../../src/api/names.ts'
import { type Clusters, curlEventually, peerConfig, rolledOut, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { LineProcess } from '../support/line-process.ts'
import { describeInLab } from '../support/missing.ts'
import { applyAll, peerDeployment, peerService, serviceExport } from '../support/peer-objects.ts'
import { ROOT } from '../support/source-tree.ts'

/** FAIRLEAD_KILLS=30 FAIRLEAD_KILL_EVERY=10 FAIRLEAD_CLIENTS=50 is the long form: five minutes of kills. */
const WORKERS = Number(process.env['FAIRLEAD_CLIENTS'] ?? 8)
const KILLS = Number(process.env['FAIRLEAD_KILLS'] ?? 5)
/** Seconds from one kill to the next, at least. */
const KILL_EVERY = Number(process.env['FAIRLEAD_KILL_EVERY'] ?? 0)
const URL = 'http://resume.demo.svc.clusterset.local:7200/'
const ROUTERS = 'fairlead-router'
const SOON = { within: 60_000 }
const knock = join(ROOT, 'test/support/knock-peer.mjs')

describeInLab([], 'router replicas', () => {
  let clusters: Clusters
  let clients: LineProcess
  const running: LineProcess[] = []

  const failures = async () => (await clients.ask())['failed']
  const goesOn = async () => {
    const { done } = await clients.ask()
    await eventually(
      async () => expect((await clients.ask())['done']).toBeGreaterThan(Number(done) + 50),
      SOON,
    )
  }
  const routerPods = async (cluster: string) => {
    const names = [
      'get',
      'pods',
      '-n',
      SYSTEM_NAMESPACE,
      '-l',
      `app.kubernetes.io/name=${ROUTERS}`,
      '-o',
      'name',
    ]
    return (await clusters.kubectl(cluster, names)).stdout.trim().split('\n')
  }
  const scaled = async (cluster: string, replicas: number) => {
    await clusters.kubectl(cluster, [
      'scale',
      `deployment/${ROUTERS}`,
      '-n',
      SYSTEM_NAMESPACE,
      `--replicas=${replicas}`,
    ])
    await rolledOut(clusters, cluster, ROUTERS, SYSTEM_NAMESPACE)
    await eventually(async () => expect(await routerPods(cluster)).toHaveLength(replicas), SOON)
  }

  beforeAll(async () => {
    clusters = await upLab(['east', 'west'], '--routers', '2')
    for (const cluster of ['east', 'west']) await clusters.kubectl(cluster, ['create', 'namespace', 'demo'])
    await peerConfig(clusters, 'east', 'resume-peer.mjs', 'pattern.mjs')
    await applyAll(
      clusters,
      'east',
      peerDeployment({ name: 'resume', script: 'resume-peer.mjs', port: 7200 }),
      peerService('resume', 'resume', [{ port: 7200 }]),
      serviceExport('resume'),
    )
    await rolledOut(clusters, 'east', 'resume')
    await curlEventually(clusters, 'west', URL)
    clients = new LineProcess(clusters.startExec('west', ['node', knock, 'run', URL, String(WORKERS)]))
    running.push(clients)
  }, 180_000)
  afterAll(async () => {
    for (const process of running) process.kill()
    await clusters?.down()
  }, 60_000)

  test.each(['east', 'west'])(
    'a rolling update of the routers of %s fails no new connection',
    async (cluster) => {
      const before = await routerPods(cluster)
      await clusters.kubectl(cluster, ['rollout', 'restart', `deployment/${ROUTERS}`, '-n', SYSTEM_NAMESPACE])
      await rolledOut(clusters, cluster, ROUTERS, SYSTEM_NAMESPACE)
      await eventually(async () => {
        const now = await routerPods(cluster)
        expect([now.length, now.some((pod) => before.includes(pod))]).toEqual([2, false])
      }, SOON)
      await goesOn()
      expect(await failures()).toEqual({})
    },
    120_000,
  )

  test.each(['east', 'west'])(
    'scaling the routers of %s from 3 to 1 fails no new connection',
    async (cluster) => {
      await scaled(cluster, 3)
      await goesOn()
      await scaled(cluster, 1)
      await goesOn()
      await scaled(cluster, 2)
      await goesOn()
      expect(await failures()).toEqual({})
    },
    180_000,
  )

  test(
    'routers of east that are killed take along the connections they carry, and no later one',
    async () => {
      for (let kill = 0; kill < KILLS; kill++) {
        const next = performance.now() + KILL_EVERY * 1000
        const [victim = ''] = await routerPods('east')
        await clusters.kubectl('east', [
          'delete',
          victim,
          '-n',
          SYSTEM_NAMESPACE,
          '--grace-period=0',
          '--force',
        ])
        await rolledOut(clusters, 'east', ROUTERS, SYSTEM_NAMESPACE)
        await goesOn()
        await sleep(Math.max(0, next - performance.now()))
      }
      const counts = Object.values((await failures()) as Record<string, number>)
      expect(counts.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(KILLS * WORKERS)
      const before = await failures()
      await goesOn()
      expect(await failures()).toEqual(before)
    },
    180_000 + KILLS * KILL_EVERY * 2_000,
  )
})
