/** Two routers joined over a transport of choice: west imports demo/echo, TCP and UDP, that east exports. */
import type { ExportedPort, LinkSpec, RouteSnapshot } from '../../src/api/route-snapshot.ts'
import { silentLogger } from '../../src/core/log.ts'
import { Snapshot } from '../../src/core/snapshot.ts'
import { TestClusterset } from './clusterset.ts'
import { eventually } from './eventually.ts'
import type { Line } from './line.ts'
import { startClient } from './network.ts'
import { type TestRouter, type TestRouterOptions, testRouter } from './network-pair.ts'
import { ECHO, echoRecord, exportingEcho, importingEcho, overUdp } from './routes.ts'

/** Where east listens. */
export interface EastPorts {
  readonly link: number
  readonly webSocket: number
}

/** What stands between the two. */
export interface Way {
  readonly link: Omit<LinkSpec, 'name' | 'cost'>
  /** The line that can be broken. */
  readonly line: Line
  /** Ended with the world, last first. */
  readonly parts: readonly AsyncDisposable[]
}

export interface WorldOptions extends Pick<TestRouterOptions, 'resolve' | 'readSecret'> {
  readonly makeWay: (ports: EastPorts) => Promise<Way>
  /** Where east listens; 127.0.0.1 when absent. */
  readonly eastHost?: string
  /** How long the link may take to stand, milliseconds. */
  readonly patienceMs?: number
}

export class TransportWorld implements AsyncDisposable {
  readonly west: TestRouter
  readonly east: TestRouter
  readonly way: Way
  readonly #options: WorldOptions
  readonly #eastRoutes: Snapshot<RouteSnapshot>
  readonly #left: AsyncDisposable[] = []

  private constructor(
    options: WorldOptions,
    routers: { readonly west: TestRouter; readonly east: TestRouter },
    eastRoutes: Snapshot<RouteSnapshot>,
    way: Way,
  ) {
    this.#options = options
    this.west = routers.west
    this.east = routers.east
    this.#eastRoutes = eastRoutes
    this.way = way
  }

  static async start(options: WorldOptions): Promise<TransportWorld> {
    const set = await TestClusterset.create()
    const listeners = [...importingEcho.listeners, ...overUdp(importingEcho).listeners]
    const routes = {
      west: new Snapshot<RouteSnapshot>({ ...importingEcho, listeners }),
      east: new Snapshot<RouteSnapshot>(exportingEcho()),
    }
    const { resolve, readSecret, eastHost } = options
    const east = testRouter({
      cluster: 'east',
      tlsDir: await set.tlsDir('east'),
      routes: routes.east,
      ...(eastHost === undefined ? {} : { host: eastHost }),
    })
    const west = testRouter({
      cluster: 'west',
      tlsDir: await set.tlsDir('west'),
      routes: routes.west,
      ...(resolve === undefined ? {} : { resolve }),
      ...(readSecret === undefined ? {} : { readSecret }),
    })
    await east.parts.start()
    await west.parts.start()
    const webSocket = east.network.webSocketPort ?? 0
    const way = await options.makeWay({ link: east.network.port, webSocket })
    const world = new TransportWorld(options, { west, east }, routes.east, way)
    world.#left.push(set, ...way.parts)
    // The controller stands beside its router: it does not take the line.
    await world.#publish(await set.tlsDir('east', 'controller'))
    routes.west.set({ ...routes.west.current(), links: [{ name: 'east', cost: 1, ...way.link }] })
    return world
  }

  /** These ports of 127.0.0.1 are the backends of demo/echo. */
  serve(ports: { readonly tcp?: number; readonly udp?: number }): void {
    const exported: ExportedPort[] = [
      ...(ports.tcp === undefined ? [] : (exportingEcho(ports.tcp).exports.get(ECHO) ?? [])),
      ...(ports.udp === undefined ? [] : (overUdp(exportingEcho(ports.udp)).exports.get(ECHO) ?? [])),
    ]
    this.#eastRoutes.set({ ...this.#eastRoutes.current(), exports: new Map([[ECHO, exported]]) })
  }

  /** Where west stands in for demo/echo, once the link stands. */
  async port(protocol: 'TCP' | 'UDP' = 'TCP'): Promise<number> {
    await this.linked()
    return await eventually(() => {
      const port = this.west.dataPath.listenPort(ECHO, 80, protocol)
      if (port === undefined) throw new Error('not listening yet')
      return port
    })
  }

  async linked(): Promise<void> {
    const within = { within: this.#options.patienceMs ?? 15_000 }
    const { network } = this.west
    await eventually(() => {
      if (network.peers.reachable().includes('east')) return
      throw new Error(`the link is ${JSON.stringify(network.linkStatus.current()[0]?.state)}`)
    }, within)
    await eventually(() => network.directory.current().get('east')?.records.size === 1, within)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.west.parts.stop()
    await this.east.parts.stop()
    for (const part of this.#left.reverse()) await part[Symbol.asyncDispose]()
  }

  async #publish(tlsDir: string): Promise<void> {
    const controller = await startClient(tlsDir, this.east.network.port, silentLogger, this.#options.eastHost)
    this.#left.push({ [Symbol.asyncDispose]: () => controller.stop() })
    controller.publish({ cluster: 'east', epoch: 1, sequence: 1, records: new Map([[ECHO, echoRecord(1)]]) })
  }
}
