/** Global addresses between two clusters of two nodes: who is reached by which, whom servers see, and what faults change. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { SYSTEM_NAMESPACE } from '../../src/api/names.ts'
import type { KubeObject, Pod } from '../../src/api/objects.ts'
import { type Clusters, rolledOut, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import {
  CLUSTERS,
  type ClusterName,
  egress,
  meshObjects,
  namespaces,
  nodesOf,
  servicePorts,
  webServer,
  workloads,
} from '../support/global-objects.ts'
import { type Ask, GlobalWorld, nodeState, wrongAnswers } from '../support/global-world.ts'
import { describeInLab } from '../support/missing.ts'
import { applyAll, peerService } from '../support/peer-objects.ts'

const UP = 240_000
const PATIENT = { within: 60_000 }
/** A router for each node; every new connection is a throw of dice between them. */
const TRIES = 8
/** East has the default of 65,536 addresses. */
const WEST_BLOCK = '32'
const [KB3, MIB] = [3000, 1 << 20]

const otherThan = (cluster: ClusterName): ClusterName => (cluster === 'east' ? 'west' : 'east')
const nameOf = (service: string, cluster: ClusterName) => `${service}-${cluster}.demo.svc.clusterset.local`
const ringName = (at: number, cluster: ClusterName) => `ring-${at}.${cluster}.${nameOf('ring', cluster)}`

/**
 * Every service of a cluster, by its name, over both protocols. A pod with its node's network sees `routerNodes` where the
 * router is on another node: what pods send to nodes is masqueraded, here as by most networks.
 */
function asksFor(cluster: ClusterName, routerNodes: readonly string[], tcp = 7401, udp = 7402): Ask[] {
  const [web, host] = [nameOf('web', cluster), nameOf('host', cluster)]
  const rings = [0, 1].map((at) => ringName(at, cluster))
  return [
    { host: web, port: tcp, bytes: KB3, times: TRIES },
    { host: web, port: tcp, bytes: MIB, times: 1 },
    { host: web, port: udp, protocol: 'UDP', bytes: KB3, times: TRIES },
    { host, bytes: KB3, times: TRIES, orElse: routerNodes },
    { host, protocol: 'UDP', bytes: KB3, times: 2, orElse: routerNodes },
    ...rings.map((name) => ({ host: name, bytes: KB3, times: TRIES / 2 })),
    ...rings.map((name): Ask => ({ host: name, protocol: 'UDP', bytes: KB3, times: 2 })),
  ]
}

interface Restarted extends KubeObject {
  status: { containerStatuses?: { ready: boolean; restartCount: number }[] }
}

describeInLab(['dig'], 'global addresses', () => {
  let clusters: Clusters
  let pki: string
  let worlds: Readonly<Record<ClusterName, GlobalWorld>>
  const before: Record<string, object> = {}
  const inEach = <T>(work: (world: GlobalWorld, cluster: ClusterName) => Promise<T>) =>
    Promise.all(CLUSTERS.map((cluster) => work(worlds[cluster], cluster)))
  const addresses = () => inEach((world) => world.addresses())

  /** Every client of a cluster asks; what is wrong with the answers. */
  async function faults(from: ClusterName, asks: readonly Ask[]): Promise<string[]> {
    const world = worlds[from]
    const clients = await world.clients()
    const { cluster } = await world.addresses()
    const outside = nodesOf(from).map((node) => ({ name: `outside ${node}`, sources: cluster }))
    const [pods, others] = await Promise.all([
      world.ask(
        clients.map(({ name }) => name),
        asks,
      ),
      world.askFromOutside(asks),
    ])
    return [...wrongAnswers(clients, asks, pods), ...wrongAnswers(outside, asks, others)]
  }

  /** Between both clusters, both ways. */
  const allFaults = async (tcp?: number, udp?: number) =>
    (
      await inEach(async (_, cluster) => {
        const other = otherThan(cluster)
        const pods = await worlds[other].pods()
        const nodes = [0, 1].map((at) => pods[`host-${at}`] ?? 'none')
        return await faults(cluster, asksFor(other, nodes, tcp, udp))
      })
    ).flat()
  const whenAllIsWell = (tcp?: number, udp?: number) =>
    eventually(async () => expect(await allFaults(tcp, udp)).toEqual([]), PATIENT)

  /** The same, and until then clients may fail, but no server sees a wrong address. */
  async function whenAllIsWellAgain(): Promise<void> {
    const misnamed: string[] = []
    await eventually(async () => {
      const found = await allFaults(8401, 8402)
      misnamed.push(...found.filter((line) => line.includes('"saw"')))
      expect(found).toEqual([])
    }, PATIENT)
    expect(misnamed).toEqual([])
  }

  async function whenRestarted(world: GlobalWorld, role: string): Promise<void> {
    const labels = ['-n', SYSTEM_NAMESPACE, '-l', `app.kubernetes.io/name=fairlead-${role}`]
    await eventually(async () => {
      const pods = await world.list<Restarted>('pods', ...labels)
      const states = pods.flatMap(({ status }) => status.containerStatuses ?? [])
      expect(states.map(({ ready, restartCount }) => ready && restartCount > 0)).toEqual(pods.map(() => true))
    }, PATIENT)
  }

  async function install(cluster: ClusterName, ...flags: string[]): Promise<void> {
    const membership = ['--context', cluster, '--cluster-id', cluster, '--pki', pki]
    const shape = ['--overlay', 'lab', '--router-replicas', '2', '--globalnet', '--wait']
    await clusters.fairlead(['install', ...membership, ...shape, ...flags], { timeout: UP })
  }

  const check = (cluster: ClusterName) =>
    clusters.fairlead(['check', '--context', cluster], { codes: [0, 1] })

  beforeAll(async () => {
    pki = await mkdtemp(join(tmpdir(), 'fairlead-pki-'))
    clusters = await upLab([...CLUSTERS], '--nodes', '2', '--bare')
    worlds = { east: new GlobalWorld(clusters, 'east'), west: new GlobalWorld(clusters, 'west') }
    const common = await namespaces()
    await inEach(async (_, cluster) => {
      await applyAll(clusters, cluster, ...common, ...workloads(cluster))
      await rolledOut(clusters, cluster, 'web')
    })
    await inEach(async (world, cluster) => {
      for (const node of [0, 1])
        before[`${cluster} ${node}`] = await eventually(() => nodeState(world, node), PATIENT)
    })
    await install('east')
    await install('west', '--global-block-size', WEST_BLOCK)
    await clusters.fairlead(['link', '--context', 'west', '--to-context', 'east', '--wait'])
    await inEach((_, cluster) => applyAll(clusters, cluster, ...meshObjects(cluster)))
  }, UP)
  afterAll(async () => {
    await clusters?.down()
    await rm(pki, { recursive: true, force: true })
  }, 60_000)

  test('every pod, node and outside client reaches every service and pod of the other cluster as its own address', async () => {
    await whenAllIsWell()
  }, 120_000)

  test('routers, and pods of the StatefulSet, are on both nodes', async () => {
    await inEach(async (world, cluster) => {
      for (const labels of [
        ['-n', SYSTEM_NAMESPACE, '-l', 'app.kubernetes.io/name=fairlead-router'],
        ['-n', 'demo', '-l', 'app=ring'],
      ]) {
        const pods = await world.list<Pod & { spec: { nodeName: string } }>('pods', ...labels)
        expect(pods.map(({ spec }) => spec.nodeName).sort()).toEqual([...nodesOf(cluster)])
      }
    })
  })

  test('an import has the GlobalIngressIP of its export in both clusters, and names lead to it', async () => {
    const [east, west] = await addresses()
    const owned = { ...east?.ingress, ...west?.ingress }
    await inEach(async (world, cluster) => {
      for (const service of CLUSTERS.flatMap((each) => [`web-${each}`, `host-${each}`])) {
        const ips = ['get', 'serviceimports', service, '-n', 'demo', '-o', 'jsonpath={.spec.ips}']
        expect(JSON.parse(await world.kubectl(...ips))).toEqual([owned[service]])
        const { stdout } = await clusters.exec(cluster, [
          'dig',
          '+short',
          `${service}.demo.svc.clusterset.local`,
        ])
        expect(stdout).toBe(`${owned[service]}\n`)
      }
      const other = otherThan(cluster)
      const { stdout } = await clusters.exec(cluster, ['dig', '+short', ringName(1, other)])
      expect(stdout).toBe(`${owned[`ring-1.ring-${other}`]}\n`)
    })
  }, 60_000)

  test('within its own cluster a service sees the pod itself at its global address', async () => {
    await inEach(async (world, cluster) => {
      const pods = await world.pods()
      const { ingress } = await world.addresses()
      const asks = [`web-${cluster}`, `ring-0.ring-${cluster}`, `ring-1.ring-${cluster}`].flatMap(
        (name): Ask[] => {
          const host = ingress[name] ?? 'none'
          return [
            { host, bytes: KB3 },
            { host, bytes: KB3, protocol: 'UDP' },
          ]
        },
      )
      const clients = ['near', 'far', 'picked', 'own'].map((name) => ({ name, sources: [pods[name] ?? ''] }))
      const names = clients.map(({ name }) => name)
      expect(wrongAnswers(clients, asks, await world.ask(names, asks))).toEqual([])
    })
  }, 60_000)

  test('an address that nobody has, and a port that is not exported, refuse at once', async () => {
    const [east] = await addresses()
    const taken = new Set([...(east?.cluster ?? []), ...Object.values(east?.ingress ?? {})])
    const free = ['200.1', '200.2', '200.3', '200.4']
      .map((end) => `${east?.block.split('.').slice(0, 2).join('.')}.${end}`)
      .find((each) => !taken.has(each))
    const asks: Ask[] = [
      { host: String(free) },
      { host: String(east?.cluster[0]) },
      { host: '242.0.0.1', protocol: 'UDP' },
      { host: String(east?.ingress['web-east']), port: 7499 },
      { host: String(east?.ingress['ring-0.ring-east']), port: 7499, protocol: 'UDP' },
    ]
    await inEach(async (world) => {
      const pods = ['near', 'far', 'host-0', 'own', 'ring-0']
      const answers = { ...(await world.ask(pods, asks)), ...(await world.askFromOutside(asks)) }
      const refused = asks.map(() => [{ error: 'ECONNREFUSED' }])
      for (const [client, got] of Object.entries(answers))
        expect({ client, got }).toEqual({ client, got: refused })
    })
  }, 60_000)

  test('other ports of the Service, and its pod on the other node, change nothing else', async () => {
    const owned = await addresses()
    await inEach(async (_, cluster) => {
      await applyAll(clusters, cluster, peerService(`web-${cluster}`, 'web', servicePorts(8401, 8402)))
      await applyAll(clusters, cluster, webServer(nodesOf(cluster)[1]))
      await rolledOut(clusters, cluster, 'web')
    })
    await whenAllIsWell(8401, 8402)
    expect(await addresses()).toEqual(owned)
  }, 120_000)

  test.each(['agent', 'controller', 'api-server', 'router'])(
    'no address changes when every %s is killed under traffic',
    async (role) => {
      const owned = await addresses()
      const talkers = ['near', 'far', 'own', 'ring-0']
      await inEach((world, cluster) =>
        world.talk(talkers, [{ host: nameOf('web', otherThan(cluster)), port: 8401, times: 1 }]),
      )
      const talks = async () => (await inEach((world) => world.talks(talkers))).flat()
      await eventually(
        async () => expect((await talks()).map(({ messages }) => messages)).not.toContain(0),
        PATIENT,
      )
      const told = await talks()
      await inEach((_, cluster) =>
        clusters.kill(cluster, role === 'agent' ? `${SYSTEM_NAMESPACE}/fairlead-agent` : role),
      )
      await whenAllIsWellAgain()
      if (role !== 'api-server') await inEach((world) => whenRestarted(world, role))
      expect(await addresses()).toEqual(owned)
      if (role === 'router') return
      const goneOn = await talks()
      expect(goneOn.flatMap(({ failed }) => failed ?? [])).toEqual([])
      for (const [at, { messages }] of goneOn.entries())
        expect(messages).toBeGreaterThan(told[at]?.messages ?? 0)
    },
    120_000,
  )

  test('a table that somebody deletes is back within five seconds, whole', async () => {
    await inEach(async (world) => {
      const table = async (node: number) => {
        const { code, stdout } = await world.runOn(node, 'nft', 'list', 'table', 'ip', 'fairlead')
        expect(code).toBe(0)
        // Of equal sets nft lists the elements in another order.
        return stdout
          .split(/[\n,{}]|elements =/)
          .map((word) => word.trim())
          .sort()
      }
      for (const node of [0, 1]) {
        const present = await table(node)
        expect((await world.runOn(node, 'nft', 'delete', 'table', 'ip', 'fairlead')).code).toBe(0)
        await eventually(async () => expect(await table(node)).toEqual(present), { within: 5000 })
      }
    })
    await whenAllIsWellAgain()
  }, 120_000)

  /** What kubectl and `fairlead check` say of a fault, and that both are content when it is mended. */
  async function showsAndMends(fault: {
    make: () => Promise<unknown>
    mend: () => Promise<unknown>
    meanwhile?: () => Promise<unknown>
    says: RegExp
    reason: string
    object: string
  }): Promise<void> {
    await fault.make()
    await eventually(async () => {
      const { code, stdout } = await check('west')
      expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringMatching(fault.says) })
      const events = await worlds.west.kubectl('get', 'events', '-A')
      expect(
        events.split('\n').filter((line) => line.includes(fault.reason) && line.includes(fault.object)),
      ).not.toEqual([])
    }, PATIENT)
    await fault.meanwhile?.()
    await fault.mend()
    await eventually(async () => expect(await check('west')).toMatchObject({ code: 0 }), PATIENT)
  }

  const patchNetwork = (spec: object) =>
    worlds.west.kubectl('patch', 'gnet', 'cluster', '--type=merge', '-p', JSON.stringify({ spec }))

  test('a pool with no address left says so, and gives some when fewer are wanted', async () => {
    const count = (wanted: number) =>
      applyAll(clusters, 'west', egress('demo', 'greedy', { count: wanted, podSelector: {} }))
    await showsAndMends({
      make: () => count(20),
      mend: () => count(2),
      says: /global addresses .*demo\/greedy: none of the 30 addresses of 242\.[\d.]+\/27 is free/,
      reason: 'Exhausted',
      object: 'greedy',
    })
    expect((await worlds.west.addresses()).egress['demo/greedy']).toHaveLength(2)
    await worlds.west.kubectl('delete', 'geip', 'greedy', '-n', 'demo')
  }, 120_000)

  test('a range that is none says so, and addresses are as before when it is mended', async () => {
    const owned = await addresses()
    await showsAndMends({
      make: () => patchNetwork({ range: '242.0.0.0/99' }),
      mend: () => patchNetwork({ range: '242.0.0.0/8' }),
      says: /globalnet .*spec\.range is no block such as 242\.0\.0\.0\/8/,
      reason: 'Invalid',
      object: 'globalnetwork/cluster',
    })
    expect(await addresses()).toEqual(owned)
    await whenAllIsWell(8401, 8402)
  }, 120_000)

  test("a range in the way of the pods' addresses says so, and works when it is mended", async () => {
    await showsAndMends({
      make: () => patchNetwork({ range: '10.0.0.0/8' }),
      mend: () => patchNetwork({ range: '242.0.0.0/8' }),
      // Who could not reach the API server any more could not mend it either.
      meanwhile: async () => {
        const { far = 'none' } = await worlds.west.pods()
        const asks: Ask[] = [{ host: far }, { host: far, protocol: 'UDP' }]
        for (const each of Object.values(await worlds.west.ask(['near', 'own'], asks)).flat(2))
          expect(each).not.toHaveProperty('error')
      },
      says: /global range .*overlaps 10\.244\.[\d.]+\/\d+, the pods' addresses/,
      reason: 'Overlaps',
      object: 'globalnetwork/cluster',
    })
    await whenAllIsWell(8401, 8402)
  }, 120_000)

  test('uninstall leaves nodes as they were before', async () => {
    await inEach((_, cluster) => clusters.fairlead(['uninstall', '--context', cluster], { timeout: UP }))
    await inEach(async (world, cluster) => {
      for (const node of [0, 1]) {
        const { stdout } = await world.runOn(node, 'nft', 'list', 'tables')
        expect(stdout.split('\n')).not.toContain('table ip fairlead')
        expect(await nodeState(world, node)).toEqual(before[`${cluster} ${node}`])
      }
    })
  }, 240_000)
})
