/** Endpoints come, go, and die while clients work; and clients go where the policies say. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Clusters, curl, peerConfig, rolledOut, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { egressRecords, logFlows } from '../support/flow-records.ts'
import { LineProcess } from '../support/line-process.ts'
import { describeInLab } from '../support/missing.ts'
import { applyAll, peerDeployment, peerService, serviceExport } from '../support/peer-objects.ts'
import { ROOT } from '../support/source-tree.ts'

const PORT = 7400
const REPLICAS = 4
/** Half of the fifty clients make a connection for each request, half keep theirs. */
const WORKERS = ['25', '25']
const peer = join(ROOT, 'test/support/endpoint-peer.mjs')
const host = 'work.demo.svc.clusterset.local'

interface Failure {
  readonly kind: 'fresh' | 'kept'
  readonly why: string
  /** The client's port: by it the routers know the flow. Absent when the connection was reset while it was made. */
  readonly port?: number
}

interface Summary {
  readonly requests: number
  readonly failed: readonly Failure[]
  /** Answers by `kind cluster pod`. */
  readonly answers: Readonly<Record<string, number>>
}

describeInLab([], 'endpoints that change while fifty clients work', () => {
  let clusters: Clusters
  let workers: LineProcess | undefined
  const kubectl = async (...args: string[]) =>
    (await clusters.kubectl('east', ['-n', 'demo', ...args])).stdout
  const pods = async () =>
    (
      JSON.parse(await kubectl('get', 'pods', '-l', 'app=work', '-o', 'json')) as { items: Pod[] }
    ).items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  const rollOut = () => rolledOut(clusters, 'east', 'work')

  /** What the clients have done since the last time. */
  const since = async () => (await workers?.ask()) as unknown as Summary
  /** Answers of each pod since the last time, on new connections or kept ones. */
  const answered = (summary: Summary, kind: Failure['kind']) =>
    new Map(
      Object.entries(summary.answers)
        .map(([key, count]) => [key.split(' '), count] as const)
        .filter(([[first]]) => first === kind)
        .map(([[, , pod = ''], count]) => [pod, count]),
    )
  /** Waits until each of `wanted` answers on new connections, and no other does; what failed until then, and kept ones. */
  const served = async (wanted: readonly string[]) => {
    const failed: Failure[] = []
    return await eventually(
      async () => {
        const summary = await since()
        failed.push(...summary.failed)
        expect([...answered(summary, 'fresh').keys()].sort()).toEqual([...wanted].sort())
        return { failed, kept: answered(summary, 'kept') }
      },
      { within: 30_000, every: 1000 },
    )
  }
  const names = async () => (await pods()).map(({ metadata }) => metadata.name)

  beforeAll(async () => {
    clusters = await upLab()
    for (const cluster of ['east', 'west']) await clusters.kubectl(cluster, ['create', 'namespace', 'demo'])
    await peerConfig(clusters, 'east', 'endpoint-peer.mjs')
    await logFlows(clusters, 'east')
    await applyAll(
      clusters,
      'east',
      peerDeployment({
        ...{ name: 'work', script: 'endpoint-peer.mjs', replicas: REPLICAS, env: { CLUSTER: 'east' } },
        readiness: { httpGet: { port: PORT, path: '/readyz' } },
        spec: { terminationGracePeriodSeconds: 10 },
      }),
      peerService('work', 'work', [{ port: PORT }]),
      serviceExport('work'),
    )
    await rollOut()
    await eventually(() => curl(clusters, 'west', `http://${host}:${PORT}/`))
    workers = new LineProcess(clusters.startExec('west', ['node', peer, 'work', host, ...WORKERS]))
    await served(await names())
  }, 180_000)
  afterAll(async () => {
    workers?.kill()
    await clusters?.down()
  }, 60_000)

  test('no request fails when endpoints are removed and others added', async () => {
    await kubectl('scale', 'deployment/work', '--replicas=2')
    await eventually(async () => expect(await pods()).toHaveLength(2))
    expect((await served(await names())).failed).toEqual([])
    await kubectl('scale', 'deployment/work', `--replicas=${REPLICAS}`)
    await rollOut()
    expect((await served(await names())).failed).toEqual([])
  }, 90_000)

  test('no request fails when an endpoint is not ready for a while, and kept connections stay with it', async () => {
    // Not every endpoint has kept connections: those of endpoints that went have moved to others.
    const busy = (await served(await names())).kept
    const one = (await pods()).find(({ metadata }) => busy.has(metadata.name))
    const name = one?.metadata.name ?? ''
    const url = `http://${one?.status.podIP}:${PORT}`
    await curl(clusters, 'east', `${url}/unready`)
    const { failed, kept } = await served((await names()).filter((each) => each !== name))
    expect(failed).toEqual([])
    expect(kept.get(name)).toBeGreaterThan(0)
    await curl(clusters, 'east', `${url}/ready`)
    expect((await served(await names())).failed).toEqual([])
  }, 60_000)

  test('no request fails when endpoints are ended with grace, one after the other, until all are others', async () => {
    const before = await names()
    await kubectl('rollout', 'restart', 'deployment/work')
    await rollOut()
    await eventually(async () => expect(await names()).toHaveLength(REPLICAS))
    expect((await served(await names())).failed).toEqual([])
    expect((await names()).filter((name) => before.includes(name))).toEqual([])
  }, 90_000)

  test.each([
    [
      'deleted without grace',
      (name: string) => kubectl('delete', 'pod', name, '--grace-period=0', '--force'),
    ],
    ['killed', (name: string) => clusters.kill('east', `demo/${name}`)],
  ])(
    'when an endpoint is %s only requests that it had fail',
    async (_how, kill) => {
      const [victim] = await pods()
      await since()
      await kill(victim?.metadata.name ?? '')
      await rollOut()
      await eventually(async () => expect(await pods()).toHaveLength(REPLICAS))
      const { failed } = await served(await names())
      // A flow's record is written when it ends; those of kept connections to the victim ended with it.
      await eventually(async () => {
        const records = await egressRecords(clusters, 'east', 60)
        const victims = records.filter(({ backend }) => backend === `${victim?.status.podIP}:${PORT}`)
        const ports = new Set(victims.map(({ client }) => client.port))
        const known = failed.filter(({ port }) => port !== undefined)
        expect(known.filter(({ port = 0 }) => !ports.has(port))).toEqual([])
        // Without a port a failure is the victim's only as one of its flows that were cut short and nobody else reports.
        const told = new Set(known.map(({ port }) => port))
        const cutShort = victims.filter(({ client, ended }) => ended !== 'finished' && !told.has(client.port))
        expect(failed.length - known.length).toBeLessThanOrEqual(cutShort.length)
      })
    },
    90_000,
  )

  test('without any endpoint the port refuses, and answers again when there is one', async () => {
    workers?.kill()
    await kubectl('scale', 'deployment/work', '--replicas=0')
    const sample = async () =>
      JSON.parse((await clusters.exec('west', ['node', peer, 'sample', host, '4'])).stdout)
    await eventually(async () => expect(await sample()).toMatchObject({ failed: { ECONNREFUSED: 4 } }), {
      within: 20_000,
    })
    await kubectl('scale', 'deployment/work', '--replicas=1')
    await eventually(
      async () => expect(await sample()).toMatchObject({ failed: {}, clusters: { east: 4 } }),
      {
        within: 20_000,
      },
    )
  }, 60_000)

  test('a connection that no endpoint takes is reset at once', async () => {
    const [one] = await pods()
    const slice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'deaf-1', namespace: 'demo', labels: { 'kubernetes.io/service-name': 'deaf' } },
      addressType: 'IPv4',
      // Nobody listens there.
      ports: [{ name: `tcp-${PORT}`, port: 1, protocol: 'TCP' }],
      endpoints: [{ addresses: [one?.status.podIP], conditions: { ready: true } }],
    }
    const service = peerService('deaf', 'deaf', [{ port: PORT }], { selector: undefined })
    await applyAll(clusters, 'east', service, slice, serviceExport('deaf'))
    const ask = ['node', peer, 'sample', 'deaf.demo.svc.clusterset.local', '4']
    await eventually(async () =>
      expect(JSON.parse((await clusters.exec('west', ask)).stdout)).toMatchObject({
        failed: { ECONNRESET: 4 },
      }),
    )
  }, 30_000)
})

interface Pod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string }
  readonly status: { readonly podIP: string }
}
