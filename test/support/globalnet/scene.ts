/**
 * Two clusters of two nodes each with global addresses, and all that asks and answers in them. The same for root and for an
 * ordinary user; cases are registered beside each other and run in the order in which they stand.
 */
import { expect } from '@jest/globals'
import { isTrue } from '../../../src/api/conditions.ts'
import { SYSTEM_NAMESPACE } from '../../../src/api/names.ts'
import type { KubeObject, Pod } from '../../../src/api/objects.ts'
import { type Clusters, rolledOut } from '../clusters.ts'
import { eventually } from '../eventually.ts'
import {
  CLUSTERS,
  type ClusterName,
  meshObjects,
  namespaces,
  nodesOf,
  POD_NAMES,
  workloads,
} from '../global-objects.ts'
import { type Addresses, type Ask, GlobalWorld, nodeState, wrongAnswers } from '../global-world.ts'
import { applyAll } from '../peer-objects.ts'

/** Milliseconds until everything must be up. */
export const UP = 300_000
/** Milliseconds that one case may take. */
export const CASE = 300_000
/** Until a condition must hold, on a machine that does other things too. */
export const PATIENT = { within: 120_000 }
/** East has the default of 65,536 addresses. */
const WEST_BLOCK = '32'
export const [KB3, MIB] = [3000, 1 << 20]

export const otherThan = (cluster: ClusterName): ClusterName => (cluster === 'east' ? 'west' : 'east')
export const nameOf = (service: string, cluster: ClusterName) =>
  `${service}-${cluster}.demo.svc.clusterset.local`
export const ringName = (at: number, cluster: ClusterName) =>
  `ring-${at}.${cluster}.${nameOf('ring', cluster)}`

/** The ports of Service `web`. */
export interface WebPorts {
  readonly tcp: number
  readonly udp: number
}
const FIRST_PORTS: WebPorts = { tcp: 7401, udp: 7402 }
/** After the Service was changed. */
export const NEW_PORTS: WebPorts = { tcp: 8401, udp: 8402 }

interface Restarted extends KubeObject {
  status: { containerStatuses?: { ready: boolean; restartCount: number }[] }
}

/** How the names of pods begin that are not ready. */
async function unready(world: GlobalWorld): Promise<string[]> {
  const pods = await world.list<Pod>('pods', '-A')
  const ready = pods
    .filter(({ status }) => isTrue(status?.conditions, 'Ready'))
    .map(({ metadata }) => String(metadata.name))
  return POD_NAMES.filter((name) => !ready.some((each) => each.startsWith(name)))
}

/** What a node has, once that stays the same: addresses of new interfaces take a moment to be theirs. */
function settledState(world: GlobalWorld, node: number): Promise<object> {
  let last: object | undefined
  return eventually(
    async () => {
      const before = last
      last = await nodeState(world, node)
      expect(last).toEqual(before)
      return last
    },
    { ...PATIENT, every: 1000 },
  )
}

export class GlobalScene {
  readonly clusters: Clusters
  readonly worlds: Readonly<Record<ClusterName, GlobalWorld>>
  /** Connections of each client to a Service at once: every one is a throw of dice between the routers. */
  readonly #tries: number
  /** What nodes had before anything was installed, by cluster and node. */
  readonly #before = new Map<string, object>()

  private constructor(clusters: Clusters, tries: number) {
    this.clusters = clusters
    this.worlds = { east: new GlobalWorld(clusters, 'east'), west: new GlobalWorld(clusters, 'west') }
    this.#tries = tries
  }

  /** In two bare clusters of two nodes. */
  static async open(clusters: Clusters, tries: number): Promise<GlobalScene> {
    const scene = new GlobalScene(clusters, tries)
    const common = await namespaces()
    await scene.inEach(async (_, cluster) => {
      await applyAll(clusters, cluster, ...common, ...workloads(cluster))
      await rolledOut(clusters, cluster, 'web')
    })
    // A node whose first pod is yet to come has another bridge than one that has pods.
    await scene.inEach((world) => eventually(async () => expect(await unready(world)).toEqual([]), PATIENT))
    await scene.#onNodes(async (key, world, node) => {
      scene.#before.set(key, await settledState(world, node))
    })
    await scene.#install('east')
    await scene.#install('west', '--global-block-size', WEST_BLOCK)
    await clusters.fairlead(['link', '--context', 'west', '--to-context', 'east', '--wait'])
    await scene.inEach((_, cluster) => applyAll(clusters, cluster, ...meshObjects(cluster)))
    return scene
  }

  inEach<T>(work: (world: GlobalWorld, cluster: ClusterName) => Promise<T>): Promise<T[]> {
    return Promise.all(CLUSTERS.map((cluster) => work(this.worlds[cluster], cluster)))
  }

  addresses(): Promise<Addresses[]> {
    return this.inEach((world) => world.addresses())
  }

  /** Every client reaches everything of the other cluster as whom it is, both ways. */
  async whenAllIsWell(ports?: WebPorts): Promise<void> {
    await eventually(async () => expect(await this.#faults(ports)).toEqual([]), PATIENT)
  }

  /** The same, and until then clients may fail, but no server sees a wrong address. */
  async whenAllIsWellAgain(ports: WebPorts): Promise<void> {
    const misnamed: string[] = []
    await eventually(async () => {
      const found = await this.#faults(ports)
      misnamed.push(...found.filter((line) => line.includes('"saw"')))
      expect(found).toEqual([])
    }, PATIENT)
    expect(misnamed).toEqual([])
  }

  /** Every container of a role in the cluster has been started again and is ready. */
  async whenRestarted(world: GlobalWorld, role: string): Promise<void> {
    const labels = ['-n', SYSTEM_NAMESPACE, '-l', `app.kubernetes.io/name=fairlead-${role}`]
    await eventually(async () => {
      const pods = await world.list<Restarted>('pods', ...labels)
      const states = pods.flatMap(({ status }) => status.containerStatuses ?? [])
      expect(states.map(({ ready, restartCount }) => ready && restartCount > 0)).toEqual(pods.map(() => true))
    }, PATIENT)
  }

  /** Nodes have what they had before. */
  async expectUntouched(): Promise<void> {
    await this.#onNodes(async (key, world, node) => {
      const { stdout } = await world.runOn(node, 'nft', 'list', 'tables')
      expect(stdout.split('\n')).not.toContain('table ip fairlead')
      expect(await nodeState(world, node)).toEqual(this.#before.get(key))
    })
  }

  async #onNodes(work: (key: string, world: GlobalWorld, node: number) => Promise<void>): Promise<void> {
    await this.inEach(async (world, cluster) => {
      for (const node of [0, 1]) await work(`${cluster} ${node}`, world, node)
    })
  }

  async #install(cluster: ClusterName, ...flags: string[]): Promise<void> {
    const membership = ['--context', cluster, '--cluster-id', cluster, '--pki', this.clusters.pki]
    const shape = ['--overlay', 'lab', '--router-replicas', '2', '--globalnet', '--wait']
    await this.clusters.fairlead(['install', ...membership, ...shape, ...flags], { timeout: UP })
  }

  async #faults(ports: WebPorts = FIRST_PORTS): Promise<string[]> {
    const found = await this.inEach(async (_, cluster) => {
      const other = otherThan(cluster)
      const pods = await this.worlds[other].pods()
      const nodes = [0, 1].map((at) => pods[`host-${at}`] ?? 'none')
      return await this.#faultsFrom(cluster, this.#asksFor(other, nodes, ports))
    })
    return found.flat()
  }

  /** Every client of a cluster asks; what is wrong with the answers. */
  async #faultsFrom(from: ClusterName, asks: readonly Ask[]): Promise<string[]> {
    const world = this.worlds[from]
    const clients = await world.clients()
    const { cluster } = await world.addresses()
    const outside = nodesOf(from).map((node) => ({ name: `outside ${node}`, sources: cluster }))
    const names = clients.map(({ name }) => name)
    const [pods, others] = await Promise.all([world.ask(names, asks), world.askFromOutside(asks)])
    return [...wrongAnswers(clients, asks, pods), ...wrongAnswers(outside, asks, others)]
  }

  /**
   * Every service of a cluster, by its name, over both protocols. A pod with its node's network sees `routerNodes` where the
   * router is on another node: what pods send to nodes is masqueraded, here as by most networks.
   */
  #asksFor(cluster: ClusterName, routerNodes: readonly string[], { tcp, udp }: WebPorts): Ask[] {
    const times = this.#tries
    const [web, host] = [nameOf('web', cluster), nameOf('host', cluster)]
    const rings = [0, 1].map((at) => ringName(at, cluster))
    return [
      { host: web, port: tcp, bytes: KB3, times },
      { host: web, port: tcp, bytes: MIB, times: 1 },
      { host: web, port: udp, protocol: 'UDP', bytes: KB3, times },
      { host, bytes: KB3, times, orElse: routerNodes },
      { host, protocol: 'UDP', bytes: KB3, times: 2, orElse: routerNodes },
      ...rings.map((name) => ({ host: name, bytes: KB3, times: Math.ceil(times / 2) })),
      ...rings.map((name): Ask => ({ host: name, protocol: 'UDP', bytes: KB3, times: Math.min(2, times) })),
    ]
  }
}
