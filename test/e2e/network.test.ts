/**
 * Clusters linked in a line, a star of clusters that can only dial, and a ring: every cluster reaches every exported
 * service, over others where it has no link, and flows go on when a link or a relay of the ring dies under them.
 */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { SYSTEM_NAMESPACE } from '../../src/api/names.ts'
import { type Clusters, curl, curlEventually, peerConfig, rolledOut, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { LineProcess } from '../support/line-process.ts'
import { describeInLab } from '../support/missing.ts'
import { applyAll, peerDeployment, peerService, serviceExport } from '../support/peer-objects.ts'
import { routerMetrics } from '../support/process-metrics.ts'
import { ROOT } from '../support/source-tree.ts'

const NAMES = ['a', 'b', 'c', 'd'] as const
const UP = 180_000
const SOON = { within: 30_000 }
const peer = join(ROOT, 'test/support/resume-peer.mjs')
const PORTS = [7200, 7201, 7202, 7203, 7204].map((port) => ({ port }))

/** The service that a cluster exports under its own name. */
const own = (cluster: string) => `from-${cluster}`
const url = (service: string) => `http://${service}.demo.svc.clusterset.local:7200/`

/** Each cluster runs a server and exports it as `from-NAME`, and those of `shared` as `shared` too. */
async function deploy(clusters: Clusters, shared: readonly string[] = []): Promise<void> {
  await Promise.all(
    NAMES.map(async (cluster) => {
      await clusters.kubectl(cluster, ['create', 'namespace', 'demo'])
      await peerConfig(clusters, cluster, 'resume-peer.mjs', 'pattern.mjs')
      const services = [own(cluster), ...(shared.includes(cluster) ? ['shared'] : [])]
      await applyAll(
        clusters,
        cluster,
        peerDeployment({ name: 'resume', script: 'resume-peer.mjs', port: 7200 }),
        ...services.flatMap((name) => [peerService(name, 'resume', PORTS), serviceExport(name)]),
      )
      await rolledOut(clusters, cluster, 'resume')
    }),
  )
}

async function everyoneReachesEveryone(clusters: Clusters): Promise<void> {
  for (const from of NAMES) for (const to of NAMES) await curlEventually(clusters, from, url(own(to)))
}

describeInLab([], 'four clusters in a line', () => {
  let clusters: Clusters
  beforeAll(async () => {
    clusters = await upLab([...NAMES], '--topology', 'line')
    const controller = ['deployment/fairlead-controller', '-n', SYSTEM_NAMESPACE]
    const soon = '[{"op":"add","path":"/spec/template/spec/containers/0/args/-","value":"--stale-after=2s"}]'
    for (const name of NAMES)
      await clusters.kubectl(name, ['patch', ...controller, '--type=json', '-p', soon])
    await deploy(clusters, ['a', 'd'])
  }, UP)
  afterAll(() => clusters?.down(), 60_000)

  test('reach every service of each other, over those in between', async () => {
    await everyoneReachesEveryone(clusters)
    const { labelled } = await routerMetrics(clusters, 'b')
    expect(labelled('fairlead_router_relayed_flows_opened_total', {})).toBeGreaterThan(0)
  }, 120_000)

  test('tell their links, the topology, and the hops to a service at the other end', async () => {
    const told = async (...args: readonly string[]) => (await clusters.fairlead(args)).stdout
    expect(await told('link', 'list', '--context', 'b')).toMatch(/^a +a +\S+ +1 +True/m)
    expect(await told('link', '--context', 'b', 'show', 'a')).toMatch(/^Ready +True/m)
    const topology = await told('topology', '--context', 'a')
    expect(topology.match(/^\w+$/gm)).toEqual([...NAMES])
    expect(topology.match(/cost 1/g)).toHaveLength(6)
    const trace = await told('trace', own('d'), '-n', 'demo', '--context', 'a')
    const hops = [...(trace.split('/TCP, from a/')[1]?.matchAll(/-> (\w)\/\S+ +cost 1 +[\d.]+ ms/g) ?? [])]
    expect(hops.map(([, cluster]) => cluster)).toEqual(['b', 'c', 'd'])
    const json = JSON.parse(await told('trace', own('d'), '-n', 'demo', '--context', 'a', '-o', 'json'))
    expect(json).toMatchObject({ router: { cluster: 'a' }, service: `demo/${own('d')}` })
    const missing = await clusters.fairlead(['trace', 'nothing', '-n', 'demo', '--context', 'a'], {
      codes: [1],
    })
    expect(missing.stderr).toContain('demo/nothing is not imported in this cluster')
  }, 60_000)

  test('cut in two, both halves serve what they reach and name whom they do not; healed, all is as before', async () => {
    const status = (name: string) => ['get', 'serviceimport', name, '-n', 'demo', '-o', 'jsonpath={.status}']
    const stale = async (cluster: string, name: string) => {
      const { conditions = [] } = JSON.parse((await clusters.kubectl(cluster, status(name))).stdout) as {
        conditions?: { type: string; message: string }[]
      }
      return conditions.find(({ type }) => type === 'fairlead.dev/Stale')?.message
    }
    await clusters.cut('b', 'c')
    await eventually(async () => expect(await stale('a', 'shared')).toBe('cannot be reached: d'), SOON)
    await eventually(async () => expect(await stale('d', 'shared')).toBe('cannot be reached: a'), SOON)
    for (const name of NAMES) await curlEventually(clusters, name, url('shared'))
    await curlEventually(clusters, 'a', url(own('b')))
    await curlEventually(clusters, 'd', url(own('c')))
    await clusters.heal('b', 'c')
    for (const name of NAMES)
      await eventually(async () => expect(await stale(name, 'shared')).toBeUndefined(), SOON)
    await everyoneReachesEveryone(clusters)
  }, 180_000)
})

describeInLab([], 'a star of clusters that can only dial', () => {
  let clusters: Clusters
  beforeAll(async () => {
    clusters = await upLab([...NAMES], '--topology', 'star', '--private', 'b,c,d')
    await deploy(clusters)
  }, UP)
  afterAll(() => clusters?.down(), 60_000)

  test(
    'reach every service of each other over the one in the middle',
    () => everyoneReachesEveryone(clusters),
    120_000,
  )
})

describeInLab([], 'four clusters in a ring', () => {
  const FLOWS = 50
  const BYTES = 48 * 1024 ** 2
  /** So slow that all faults fall into the transfers, bytes a second. */
  const RATE = 1024 ** 2
  let clusters: Clusters
  const running: LineProcess[] = []
  const start = (...args: (string | number)[]) => {
    const process = new LineProcess(clusters.startExec('a', ['node', peer, ...args.map(String)]))
    running.push(process)
    return process
  }
  const host = `${own('c')}.demo.svc.clusterset.local`

  beforeAll(async () => {
    clusters = await upLab([...NAMES], '--topology', 'ring')
    await deploy(clusters)
    await everyoneReachesEveryone(clusters)
  }, UP + 60_000)
  afterAll(async () => {
    for (const process of running) process.kill()
    await clusters?.down()
  }, 60_000)

  test(`${FLOWS} flows and transfers each way to the opposite cluster lose no byte when links and relays die, and new ones are made all the while`, async () => {
    const talk = start('talk', host, FLOWS)
    const transfers = ['download', 'upload'].map((verb) => start(verb, host, BYTES, RATE))
    const goesOn = async () => {
      const { least } = await talk.ask()
      // Every conversation goes on, not only most.
      await eventually(
        async () => expect((await talk.ask())['least']).toBeGreaterThan(Number(least) + 5),
        SOON,
      )
    }
    const newOnes = async () => {
      for (let index = 0; index < 5; index++) await curl(clusters, 'a', '--max-time', '10', url(own('c')))
    }
    // A connection that is made before a router has noticed may still end with the way it took.
    const noticed = async (cause: string, fault: () => Promise<void>) => {
      const ended = async () =>
        (await routerMetrics(clusters, 'a')).labelled('fairlead_link_sessions_ended_total', { cause })
      const before = await ended()
      await fault()
      await eventually(async () => expect(await ended()).toBeGreaterThan(before), SOON)
    }
    await goesOn()
    await noticed('silent', () => clusters.cut('a', 'b'))
    await Promise.all([newOnes(), goesOn()])
    await clusters.heal('a', 'b')
    for (const relay of ['d', 'b']) {
      await noticed('lost', () => clusters.kill(relay, 'router'))
      await Promise.all([newOnes(), goesOn()])
      // The killed one is back before the other goes: else both would be away.
      await curlEventually(clusters, relay, url(own('c')))
      await curlEventually(clusters, 'a', url(own(relay)))
    }
    for (const transfer of transfers) {
      const { bytes, sha256, expected } = await transfer.finish(240_000)
      expect({ bytes, sha256 }).toEqual({ bytes: BYTES, sha256: expected })
    }
    expect((await talk.finish(30_000))['failed']).toEqual([])
  }, 400_000)
})
