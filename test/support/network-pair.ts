/** Two whole routers without Kubernetes: network, AMQP connections and data path, joined by mutual TLS on loopback. */
import type { ClientSource } from '../../src/api/client-identity.ts'
import type { OwnsAddress } from '../../src/api/global-owner.ts'
import type { RouteSnapshot } from '../../src/api/route-snapshot.ts'
import type { OriginState } from '../../src/api/service-record.ts'
import type { ByteBudget } from '../../src/core/byte-budget.ts'
import { systemClock } from '../../src/core/clock.ts'
import { Lifecycle } from '../../src/core/lifecycle.ts'
import { type Logger, silentLogger } from '../../src/core/log.ts'
import { createMetrics, type Metrics } from '../../src/core/metrics.ts'
import { Snapshot } from '../../src/core/snapshot.ts'
import { hasClaim } from '../../src/globalnet/address-owners.ts'
import type { ResolveHost } from '../../src/link/addresses.ts'
import type { ReadSecret } from '../../src/link/dial-target.ts'
import type { DirectoryClient } from '../../src/link/directory-client.ts'
import type { HeartbeatConfig } from '../../src/link/heartbeat.ts'
import { NO_SOURCES } from '../../src/link/sources.ts'
import type { TlsFiles } from '../../src/link/tls-files.ts'
import { amqpConnections } from '../../src/router/amqp-connection.ts'
import { DataPath } from '../../src/router/data-path.ts'
import { GlobalSources } from '../../src/router/global/global-sources.ts'
import type { CreateDataConnection, PeerConnection } from '../../src/router/network/data-connection.ts'
import { RouterNetwork } from '../../src/router/network/router-network.ts'
import { TestClusterset } from './clusterset.ts'
import { eventually } from './eventually.ts'
import { linkTo, startClient, tlsOf } from './network.ts'
import { type RouterPair, unknownClients } from './router-pair.ts'
import { directoryOf, exportingNothing, importingEcho } from './routes.ts'

/** Another way to open flows on a data connection, made of the honest one. */
export type Tamper = (open: PeerConnection['open']) => PeerConnection['open']

/** One router with routes set by hand. */
export interface TestRouter {
  readonly dataPath: DataPath
  readonly network: RouterNetwork
  readonly parts: Lifecycle
  readonly metrics: Metrics
  /** Its credentials, and whom it trusts. */
  readonly tls: TlsFiles
}

export interface TestRouterOptions {
  readonly cluster: string
  readonly tlsDir: string
  readonly routes: Snapshot<RouteSnapshot>
  readonly log?: Logger
  readonly routerId?: string
  readonly heartbeat?: HeartbeatConfig
  readonly budget?: ByteBudget
  /** Of the link port and the WebSocket port; 127.0.0.1 when absent. */
  readonly host?: string
  readonly resolve?: ResolveHost
  readonly readSecret?: ReadSecret
  readonly clients?: ClientSource
  /** What the router does to flows that it opens on its data connections. */
  readonly tamper?: Tamper
  /** Backends see global addresses; agents are served. */
  readonly owns?: OwnsAddress
  /** How long after the start agents and claims are waited for, milliseconds. */
  readonly settlingMs?: number
}

/** A router on loopback, not started. */
export function testRouter(options: TestRouterOptions): TestRouter {
  const { cluster, tlsDir, routes, log = silentLogger, routerId, heartbeat, budget } = options
  const {
    host = '127.0.0.1',
    resolve,
    readSecret,
    clients = unknownClients,
    owns,
    tamper,
    settlingMs,
  } = options
  const clock = systemClock
  const metrics = createMetrics()
  const announced = new Snapshot(NO_SOURCES)
  const tls = tlsOf(tlsDir, log)
  const create = amqpConnections(budget === undefined ? { clock, log } : { clock, log, budget })
  const network = new RouterNetwork(
    {
      snapshot: routes,
      acceptFlow: (peer) => dataPath.acceptorFor(peer.cluster),
      createDataConnection: tamper === undefined ? create : tampered(create, tamper),
      logger: log,
      clock,
      metrics,
      tls,
      ...(budget === undefined ? {} : { budget }),
      ...(resolve === undefined ? {} : { resolve }),
      ...(readSecret === undefined ? {} : { readSecret }),
      ...(owns === undefined ? {} : { sources: announced }),
    },
    {
      host,
      port: 0,
      webSocketPort: 0,
      name: cluster,
      version: 'test',
      ...(routerId === undefined ? {} : { routerId }),
      ...(heartbeat === undefined ? {} : { heartbeat }),
    },
  )
  const { agents } = network
  const globalSources =
    owns === undefined || agents === undefined
      ? undefined
      : new GlobalSources(
          {
            clock,
            log,
            metrics,
            agents,
            announced,
            owns,
            hasClaim: (of) => hasClaim(network.directory.current(), of),
          },
          settlingMs === undefined ? {} : { settlingMs },
        )
  const dataPath = new DataPath(
    {
      snapshot: routes,
      directory: network.directory,
      peers: network.peers,
      clients,
      ...(globalSources === undefined ? {} : { globalSources }),
      clock,
      log,
      metrics,
    },
    { cluster, listenHost: '127.0.0.1', flowLog: 'off' },
  )
  const sources = globalSources === undefined ? [] : [globalSources]
  return { dataPath, network, parts: new Lifecycle([network, ...sources, dataPath]), metrics, tls }
}

function tampered(create: CreateDataConnection, tamper: Tamper): CreateDataConnection {
  return (socket, terms) => {
    const connection = create(socket, terms)
    const open = tamper(connection.open.bind(connection))
    return Object.defineProperty(connection, 'open', { value: open })
  }
}

/** West and east over a link that west dials; east's controller publishes demo/echo. */
export async function networkPair(): Promise<RouterPair> {
  const clusterset = await TestClusterset.create()
  const eastRoutes = new Snapshot<RouteSnapshot>(exportingNothing)
  const westRoutes = new Snapshot<RouteSnapshot>(importingEcho)
  const east = testRouter({ cluster: 'east', tlsDir: await clusterset.tlsDir('east'), routes: eastRoutes })
  const west = testRouter({ cluster: 'west', tlsDir: await clusterset.tlsDir('west'), routes: westRoutes })
  await east.parts.start()
  await west.parts.start()
  const controller = await startClient(await clusterset.tlsDir('east', 'controller'), east.network.port)
  controller.publish(directoryOf({ east: 1 }).get('east') as OriginState)
  const setLinks = (links: RouteSnapshot['links']): void => westRoutes.set({ ...westRoutes.current(), links })
  const pair: RouterPair = {
    west: west.dataPath,
    east: east.dataPath,
    westRoutes,
    eastRoutes,
    westMetrics: west.metrics,
    eastMetrics: east.metrics,
    async loseLink() {
      setLinks([])
      await eventually(() => west.network.peers.reachable().length === 0)
    },
    async restoreLink() {
      setLinks([linkTo('east', east.network.port)])
      await eventually(() => west.network.peers.reachable().includes('east'))
      await eventually(() => west.network.directory.current().get('east')?.records.size === 1)
    },
    [Symbol.asyncDispose]: () => endPair([west, east], controller, clusterset),
  }
  await pair.restoreLink()
  return pair
}

async function endPair(
  routers: readonly TestRouter[],
  controller: DirectoryClient,
  clusterset: TestClusterset,
): Promise<void> {
  for (const { parts } of routers) await parts.stop()
  await controller.stop()
  await clusterset[Symbol.asyncDispose]()
}
