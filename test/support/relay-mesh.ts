/** Whole routers of several clusters, joined by links that pass proxies. */
import type { ClientSource } from '../../src/api/client-identity.ts'
import type { LinkSpec, RouteSnapshot } from '../../src/api/route-snapshot.ts'
import type { OriginState } from '../../src/api/service-record.ts'
import { ByteBudget } from '../../src/core/byte-budget.ts'
import type { Logger } from '../../src/core/log.ts'
import { Snapshot } from '../../src/core/snapshot.ts'
import type { DirectoryClient } from '../../src/link/directory-client.ts'
import type { Role } from '../../src/pki/identity.ts'
import { TestClusterset } from './clusterset.ts'
import { CuttableProxy } from './cuttable-proxy.ts'
import { eventually } from './eventually.ts'
import { linkTo, startClient } from './network.ts'
import { type Tamper, type TestRouter, testRouter } from './network-pair.ts'
import type { RouterPair } from './router-pair.ts'
import { directoryOf, exportingNothing, importingEcho } from './routes.ts'

/** The router of one cluster. */
export interface MeshRouter extends TestRouter {
  readonly cluster: string
  readonly id: string
  readonly routes: Snapshot<RouteSnapshot>
  readonly budget: ByteBudget
  readonly tlsDir: string
}

export interface MeshOptions {
  /** West imports demo/echo, east exports it; the others are in between. */
  readonly between: readonly string[]
  /** The first of each dials. */
  readonly links: readonly (readonly [string, string])[]
  /** Other clusters than west that import demo/echo. */
  readonly importing?: readonly string[]
  /** Certificates of routers are signed by authorities of their clusters, not right by the root. */
  readonly authorities?: boolean
  readonly log?: Logger
  /** What these clusters' routers do to flows. */
  readonly tamper?: Readonly<Record<string, Tamper>>
  /** Who the clients of west are. */
  readonly clients?: ClientSource
}

/** No round trip is measured in the time of a test: it would break ties between paths as the machine pleases. */
const HEARTBEAT = { intervalMs: 60_000, deadMs: 180_000 }

const BUDGET_BYTES = 64 * 1024 * 1024

export class RelayMesh implements AsyncDisposable {
  readonly #routers = new Map<string, MeshRouter>()
  readonly #proxies = new Map<string, CuttableProxy>()
  readonly #links = new Map<string, LinkSpec[]>()
  readonly #clusterset: TestClusterset
  readonly #options: MeshOptions
  #controller: DirectoryClient | undefined

  private constructor(clusterset: TestClusterset, options: MeshOptions) {
    this.#clusterset = clusterset
    this.#options = options
  }

  static async start(options: MeshOptions): Promise<RelayMesh> {
    const { between, links } = options
    const mesh = new RelayMesh(await TestClusterset.create(), options)
    for (const [index, cluster] of ['west', ...between, 'east'].entries()) {
      await mesh.#add(cluster, index.toString(16).padStart(32, '0'))
    }
    for (const [from, to] of links) await mesh.link(from, to)
    const controllerTls = await mesh.#clusterset.tlsDir('east', 'controller')
    mesh.#controller = await startClient(controllerTls, mesh.router('east').network.port)
    mesh.#controller.publish(mesh.records())
    const west = mesh.router('west').network
    await eventually(() => west.directory.current().get('east')?.records.size === 1)
    await eventually(() => west.peers.reachable().includes('east'))
    return mesh
  }

  /** A folder with a certificate of one more process. */
  tlsDir(cluster: string, role?: Role): Promise<string> {
    return this.#clusterset.tlsDir(cluster, role)
  }

  router(cluster: string): MeshRouter {
    const router = this.#routers.get(cluster)
    if (router === undefined) throw new Error(`no router of ${cluster}`)
    return router
  }

  get routers(): Iterable<MeshRouter> {
    return this.#routers.values()
  }

  /** What east's controller publishes. */
  records(): OriginState {
    return directoryOf({ east: 1 }).get('east') as OriginState
  }

  /** The process of a router that others do not dial ends, and another one begins with the same files. */
  async restart(cluster: string): Promise<MeshRouter> {
    const { parts, routes, budget, tlsDir, id: before } = this.router(cluster)
    await parts.stop()
    const id = before.replace(/^./, 'f')
    const router = testRouter({ cluster, tlsDir, routes, routerId: id, heartbeat: HEARTBEAT, budget })
    await router.parts.start()
    const started = { ...router, cluster, id, routes, budget, tlsDir }
    this.#routers.set(cluster, started)
    return started
  }

  get clusterset(): TestClusterset {
    return this.#clusterset
  }

  /** What the link between two clusters passes. */
  proxy(from: string, to: string): CuttableProxy {
    const proxy = this.#proxies.get(`${from} ${to}`)
    if (proxy === undefined) throw new Error(`no link of ${from} with ${to}`)
    return proxy
  }

  /** `from` dials `to`; resolves when flows can go there. */
  async link(from: string, to: string): Promise<void> {
    const proxy = await CuttableProxy.to(this.router(to).network.port)
    this.#proxies.set(`${from} ${to}`, proxy)
    this.#setLinks(from, [...(this.#links.get(from) ?? []), linkTo(to, proxy.port)])
    await this.#joined(from, to)
  }

  /** The Link is deleted. */
  async unlink(from: string, to: string): Promise<void> {
    this.#setLinks(
      from,
      (this.#links.get(from) ?? []).filter(({ name }) => name !== to),
    )
    await this.proxy(from, to)[Symbol.asyncDispose]()
    this.#proxies.delete(`${from} ${to}`)
  }

  /** It is gone without a word, as far as others can tell: its connections are reset, and nothing passes its links. */
  kill(cluster: string): void {
    for (const proxy of this.#proxiesOf(cluster)) {
      proxy.cut()
      proxy.reset()
    }
  }

  /** Its links pass again. */
  revive(cluster: string): void {
    for (const proxy of this.#proxiesOf(cluster)) {
      proxy.heal()
      proxy.reset()
    }
  }

  #proxiesOf(cluster: string): CuttableProxy[] {
    return [...this.#proxies].filter(([key]) => key.split(' ').includes(cluster)).map(([, proxy]) => proxy)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { parts } of this.#routers.values()) await parts.stop()
    await this.#controller?.stop()
    for (const proxy of this.#proxies.values()) await proxy[Symbol.asyncDispose]()
    await this.#clusterset[Symbol.asyncDispose]()
  }

  async #add(cluster: string, id: string): Promise<void> {
    const { log: logger, importing = [] } = this.#options
    const imports = cluster === 'west' || importing.includes(cluster)
    const routes = new Snapshot<RouteSnapshot>(imports ? importingEcho : exportingNothing)
    const budget = new ByteBudget(BUDGET_BYTES)
    const tlsDir = await this.#tlsDir(cluster)
    const { tamper, clients } = this.#options
    const router = testRouter({
      cluster,
      tlsDir,
      routes,
      routerId: id,
      heartbeat: HEARTBEAT,
      budget,
      ...(logger === undefined ? {} : { log: logger.child({ router: cluster }) }),
      ...(tamper?.[cluster] === undefined ? {} : { tamper: tamper[cluster] }),
      ...(clients === undefined || cluster !== 'west' ? {} : { clients }),
    })
    await router.parts.start()
    this.#routers.set(cluster, { ...router, cluster, id, routes, budget, tlsDir })
  }

  async #tlsDir(cluster: string): Promise<string> {
    if (this.#options.authorities !== true) return await this.#clusterset.tlsDir(cluster)
    return await this.#clusterset.memberDir(cluster, await this.#clusterset.authority(cluster))
  }

  #setLinks(cluster: string, links: LinkSpec[]): void {
    const { routes } = this.router(cluster)
    this.#links.set(cluster, links)
    routes.set({ ...routes.current(), links })
  }

  /** Both have a data connection to each other, and the topology has the link. */
  async #joined(from: string, to: string): Promise<void> {
    const [dialling, dialled] = [this.router(from), this.router(to)]
    await eventually(() =>
      dialling.network.linkStatus
        .current()
        .some(({ name, state }) => name === to && state.kind === 'established'),
    )
    await eventually(() => isNextTo(dialling, dialled) && isNextTo(dialled, dialling))
  }
}

function isNextTo({ network }: MeshRouter, { id }: MeshRouter): boolean {
  return (
    network.topology
      .current()
      .routeTo(id)
      ?.paths.some(({ length }) => length === 1) === true
  )
}

/** Clusters in a line, each dialling the next. */
export function lineOf(...between: readonly string[]): MeshOptions {
  const all = ['west', ...between, 'east']
  return { between, links: all.slice(1).map((to, index) => [all[index] ?? '', to] as const) }
}

/** West and east with these between them in a line, as the tests of flows use a pair. */
export async function relayedPair(...between: readonly string[]): Promise<RouterPair> {
  const mesh = await RelayMesh.start(lineOf(...between))
  const [west, east] = [mesh.router('west'), mesh.router('east')]
  const last = between.at(-1) ?? 'west'
  return {
    west: west.dataPath,
    east: east.dataPath,
    westRoutes: west.routes,
    eastRoutes: east.routes,
    relayMetrics: between.map((cluster) => mesh.router(cluster).metrics),
    westMetrics: west.metrics,
    eastMetrics: east.metrics,
    async loseLink() {
      await mesh.unlink(last, 'east')
      await eventually(() => !west.network.peers.reachable().includes('east'))
    },
    async restoreLink() {
      await mesh.link(last, 'east')
      await eventually(() => west.network.peers.reachable().includes('east'))
    },
    [Symbol.asyncDispose]: () => mesh[Symbol.asyncDispose](),
  }
}
