/** What the globalnet tests ask of a cluster: who has which global address, and what pods see when they ask each other. */
import { join } from 'node:path'
import type { GlobalEgressIP, GlobalIngressIP, GlobalNetwork } from '../../src/api/globalnet.ts'
import type { KubeObject, Pod } from '../../src/api/objects.ts'
import type { Clusters } from './clusters.ts'
import { type ClusterName, nodesOf, OWN_NAMESPACE, SCRIPT } from './global-objects.ts'
import { ROOT } from './source-tree.ts'

/** One question to a server, `times` at once. */
export interface Ask {
  readonly host: string
  readonly protocol?: 'TCP' | 'UDP'
  readonly port?: number
  readonly bytes?: number
  readonly times?: number
  /** What the server may see instead of the client's own. */
  readonly orElse?: readonly string[]
}

/** The address that the server saw, and the one that was asked; or why there was no answer. */
export interface Answer {
  readonly saw?: string
  readonly at?: string
  readonly error?: string
}

/** A conversation that goes on. */
export interface Talk {
  readonly messages: number
  readonly saw?: string
  readonly failed?: string
}

export interface Run {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** What every client of a cluster is asked, and the sources that the server may see. */
export interface Client {
  readonly name: string
  readonly sources: readonly string[]
}

/** Global addresses by their owners. */
export interface Addresses {
  readonly block: string
  readonly cluster: readonly string[]
  /** By namespace and name. */
  readonly egress: Readonly<Record<string, readonly string[]>>
  /** By name: `SERVICE`, or `ENDPOINT.SERVICE`. */
  readonly ingress: Readonly<Record<string, string>>
}

type AnyObject = GlobalNetwork & GlobalEgressIP & GlobalIngressIP

/** Who runs where in one cluster, to be told what to do. */
export class GlobalWorld {
  readonly #clusters: Clusters
  readonly cluster: ClusterName

  constructor(clusters: Clusters, cluster: ClusterName) {
    this.#clusters = clusters
    this.cluster = cluster
  }

  async kubectl(...args: readonly string[]): Promise<string> {
    return (await this.#clusters.kubectl(this.cluster, args)).stdout
  }

  async list<T extends KubeObject>(...args: readonly string[]): Promise<readonly T[]> {
    return (JSON.parse(await this.kubectl('get', ...args, '-o', 'json')) as { items: T[] }).items
  }

  /** The addresses of pods of the test by their names. */
  async pods(): Promise<Readonly<Record<string, string>>> {
    const pods = await this.list<Pod>('pods', '-A', '--field-selector', 'status.phase=Running')
    const ours = pods.filter(({ metadata }) => ['demo', OWN_NAMESPACE].includes(metadata.namespace ?? ''))
    return Object.fromEntries(ours.map(({ metadata, status }) => [metadata.name ?? '', status?.podIP ?? '']))
  }

  /** As the statuses record them; those that have none are left out. */
  async addresses(): Promise<Addresses> {
    const kinds = ['globalnetworks', 'globalegressips', 'globalingressips'].map(
      (kind) => `${kind}.fairlead.dev`,
    )
    const objects = await this.list<AnyObject>(kinds.join(), '-A')
    const ofKind = (kind: string) => objects.filter((object) => object.kind === kind)
    const [network] = ofKind('GlobalNetwork')
    return {
      block: network?.status?.block ?? '',
      cluster: network?.status?.egressIPs ?? [],
      egress: Object.fromEntries(
        ofKind('GlobalEgressIP').map(({ metadata, status }) => [
          `${metadata.namespace}/${metadata.name}`,
          status?.allocatedIPs ?? [],
        ]),
      ),
      ingress: Object.fromEntries(
        ofKind('GlobalIngressIP').flatMap(({ metadata, status }) =>
          status?.allocatedIP === undefined ? [] : [[metadata.name ?? '', status.allocatedIP]],
        ),
      ),
    }
  }

  /** Every pod that asks, with the source addresses that are its own. */
  async clients(): Promise<readonly Client[]> {
    const { cluster, egress, ingress } = await this.addresses()
    const ring = (at: number) => [ingress[`ring-${at}.ring-${this.cluster}`] ?? 'none']
    return [
      ...['near', 'far', 'host-0', 'host-1'].map((name) => ({ name, sources: cluster })),
      { name: 'picked', sources: egress['demo/picked'] ?? [] },
      { name: 'own', sources: egress[`${OWN_NAMESPACE}/all`] ?? [] },
      ...[0, 1].map((at) => ({ name: `ring-${at}`, sources: ring(at) })),
    ]
  }

  /** Has pods ask, all at once: the answers by pod, one list for each ask. */
  async ask(pods: readonly string[], asks: readonly Ask[]): Promise<Readonly<Record<string, Answer[][]>>> {
    return (await this.#order(pods, 'ask', asks)) as Record<string, Answer[][]>
  }

  /** The same from a client on each node that is no pod of the cluster. */
  async askFromOutside(asks: readonly Ask[]): Promise<Readonly<Record<string, Answer[][]>>> {
    const command = ['node', join(ROOT, 'test/support', SCRIPT), 'ask', JSON.stringify(asks)]
    const answers = await Promise.all(
      nodesOf(this.cluster).map(async (node): Promise<[string, Answer[][]]> => {
        const { stdout } = await this.#clusters.execOn(this.cluster, node, command)
        return [`outside ${node}`, JSON.parse(stdout) as Answer[][]]
      }),
    )
    return Object.fromEntries(answers)
  }

  /** Begins conversations of some pods. */
  async talk(pods: readonly string[], asks: readonly Ask[]): Promise<void> {
    await this.#order(pods, 'talk', asks)
  }

  /** All conversations of some pods, as far as they are. */
  async talks(pods: readonly string[]): Promise<readonly Talk[]> {
    return Object.values((await this.#order(pods, 'talks', [])) as Record<string, Talk[]>).flat()
  }

  /** Runs a command on a node of the cluster: 0 or 1. */
  async runOn(node: number, ...command: readonly string[]): Promise<Run> {
    const pod = `host-${node}`
    return ((await this.#order([pod], 'run', command)) as Record<string, Run>)[pod] as Run
  }

  async #order(pods: readonly string[], order: string, body: unknown): Promise<Record<string, unknown>> {
    const addresses = await this.pods()
    const orders = pods.map((name) => ({ pod: addresses[name], order, body }))
    const command = ['node', join(ROOT, 'test/support', SCRIPT), 'order', JSON.stringify(orders)]
    const { stdout } = await this.#clusters.exec(this.cluster, command)
    const answers = JSON.parse(stdout) as unknown[]
    return Object.fromEntries(pods.map((name, at) => [name, answers[at]]))
  }
}

/** All that is wrong with answers: one line for each. */
export function wrongAnswers(
  clients: readonly Client[],
  asks: readonly Ask[],
  answers: Readonly<Record<string, Answer[][]>>,
): string[] {
  return clients.flatMap(({ name, sources }) =>
    asks.flatMap((ask, at) => {
      const got = answers[name]?.[at] ?? []
      const count = got.length === (ask.times ?? 1) ? [] : [`${name}: ${got.length} answers`]
      const right = new Set([...sources, ...(ask.orElse ?? [])])
      const wrong = got.filter(({ saw }) => saw === undefined || !right.has(saw))
      return [...count, ...wrong.map((each) => `${name} ${JSON.stringify(ask)}: ${JSON.stringify(each)}`)]
    }),
  )
}

interface Interface {
  readonly ifname: string
}

interface Route {
  readonly dev?: string
}

/** What a node has of tables, addresses and routes, without the lab's own: its service proxy's, and the links of pods. */
export async function nodeState(world: GlobalWorld, node: number): Promise<object> {
  const text = async (...command: string[]) => (await world.runOn(node, ...command)).stdout
  const tables = (await text('nft', 'list', 'tables'))
    .split('\n')
    .filter((line) => /^table (?!.*-services$)/.test(line))
  // One that comes or goes meanwhile has a number in the place of its name.
  const isPod = (name: string | undefined) => /^(pod|if)\d/.test(name ?? '')
  const [ruleset, addresses, routes] = await Promise.all([
    Promise.all(tables.map((line) => text('nft', 'list', ...line.split(' ')))),
    text('ip', '-j', 'addr'),
    text('ip', '-j', 'route', 'show', 'table', 'all'),
  ])
  return {
    ruleset,
    addresses: (JSON.parse(addresses) as Interface[]).filter(({ ifname }) => !isPod(ifname)),
    routes: (JSON.parse(routes) as Route[]).filter(({ dev }) => !isPod(dev)),
  }
}
