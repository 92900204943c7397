/** Two whole routers whose link passes a proxy that can be cut: west dials, east exports demo/echo. */
import type { RouteSnapshot } from '../../src/api/route-snapshot.ts'
import { Snapshot } from '../../src/core/snapshot.ts'
import { TestClusterset } from './clusterset.ts'
import { CuttableProxy } from './cuttable-proxy.ts'
import { eventually } from './eventually.ts'
import { linkTo, startClient } from './network.ts'
import { type TestRouter, testRouter } from './network-pair.ts'
import { echoPort } from './router-pair.ts'
import { echoRecord, exportingEcho, importingEcho, withGrace } from './routes.ts'

export class ProxiedPair implements AsyncDisposable {
  readonly west: TestRouter
  readonly east: TestRouter
  readonly proxy: CuttableProxy
  readonly #clusterset: TestClusterset
  readonly #eastRoutes: Snapshot<RouteSnapshot>
  readonly #left: AsyncDisposable[] = []

  private constructor(
    west: TestRouter,
    east: TestRouter,
    proxy: CuttableProxy,
    clusterset: TestClusterset,
    eastRoutes: Snapshot<RouteSnapshot>,
  ) {
    this.west = west
    this.east = east
    this.proxy = proxy
    this.#clusterset = clusterset
    this.#eastRoutes = eastRoutes
  }

  /** Linked, with flows to demo/echo kept for `graceMs`; its backend is at `backendPort`. */
  static async start(backendPort: number, graceMs: number): Promise<ProxiedPair> {
    const clusterset = await TestClusterset.create()
    const eastRoutes = new Snapshot<RouteSnapshot>(exportingEcho(backendPort))
    const westRoutes = new Snapshot<RouteSnapshot>(withGrace(importingEcho, graceMs))
    const east = testRouter({ cluster: 'east', tlsDir: await clusterset.tlsDir('east'), routes: eastRoutes })
    const west = testRouter({ cluster: 'west', tlsDir: await clusterset.tlsDir('west'), routes: westRoutes })
    await east.parts.start()
    await west.parts.start()
    const proxy = await CuttableProxy.to(east.network.port)
    westRoutes.set({ ...westRoutes.current(), links: [linkTo('east', proxy.port)] })
    const pair = new ProxiedPair(west, east, proxy, clusterset, eastRoutes)
    await pair.#publish(east)
    return pair
  }

  /** Where west stands in for the service, once flows can be opened. */
  async port(): Promise<number> {
    await eventually(() => this.west.network.directory.current().get('east')?.records.size === 1)
    await eventually(() => this.west.network.peers.reachable().includes('east'))
    return await echoPort(this.west.dataPath)
  }

  /** Another process takes the place of east's, which nobody can reach any more. */
  async replaceEast(): Promise<void> {
    const tlsDir = await this.#clusterset.tlsDir('east')
    const east = testRouter({ cluster: 'east', tlsDir, routes: this.#eastRoutes })
    await east.parts.start()
    this.#left.push({ [Symbol.asyncDispose]: () => east.parts.stop() })
    this.proxy.retarget(east.network.port)
    this.proxy.reset()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.west.parts.stop()
    await this.east.parts.stop()
    for (const part of this.#left) await part[Symbol.asyncDispose]()
    await this.proxy[Symbol.asyncDispose]()
    await this.#clusterset[Symbol.asyncDispose]()
  }

  async #publish(east: TestRouter): Promise<void> {
    const controller = await startClient(
      await this.#clusterset.tlsDir('east', 'controller'),
      east.network.port,
    )
    this.#left.push({ [Symbol.asyncDispose]: () => controller.stop() })
    const records = new Map([['demo/echo' as const, echoRecord(1)]])
    controller.publish({ cluster: 'east', epoch: 1, sequence: 1, records })
  }
}
