/** Two data paths, west (clients) and east (backends), and what joins them. */
import type { ClientSource } from '../../src/api/client-identity.ts'
import type { Protocol } from '../../src/api/objects.ts'
import type { RouteSnapshot } from '../../src/api/route-snapshot.ts'
import type { Directory } from '../../src/api/service-record.ts'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import { type Logger, silentLogger } from '../../src/core/log.ts'
import { createMetrics, type Metrics } from '../../src/core/metrics.ts'
import { Snapshot } from '../../src/core/snapshot.ts'
import { DataPath } from '../../src/router/data-path.ts'
import type { GlobalSources } from '../../src/router/global/global-sources.ts'
import type { PeerTransports } from '../../src/router/network/peers.ts'
import { eventually } from './eventually.ts'
import { MemoryPeers, MemoryTransport } from './memory-transport.ts'
import { directoryOf, ECHO, exportingNothing, importingEcho } from './routes.ts'

/** A joined pair as the tests of flows use it. */
export interface RouterPair extends AsyncDisposable {
  readonly west: DataPath
  readonly east: DataPath
  readonly westRoutes: Snapshot<RouteSnapshot>
  readonly eastRoutes: Snapshot<RouteSnapshot>
  readonly westMetrics: Metrics
  readonly eastMetrics: Metrics
  /** Those of routers between the two. */
  readonly relayMetrics?: readonly Metrics[]
  /** Cuts what joins the two; resolves when both know. */
  loseLink(): Promise<void>
  /** Joins them again; resolves when flows can be opened. */
  restoreLink(): Promise<void>
}

export interface RouterOptions {
  readonly cluster: string
  readonly routes: Snapshot<RouteSnapshot>
  readonly directory: Snapshot<Directory>
  readonly peers: PeerTransports
  readonly log?: Logger
  readonly clock?: Clock
  readonly maxFlows?: number
  readonly maxAssociations?: number
  readonly clients?: ClientSource
  readonly metrics?: Metrics
  /** 127.0.0.1 when absent. */
  readonly listenHost?: string
  readonly globalSources?: GlobalSources
  /** The routers of the cluster, when they share the limits of policies. */
  readonly replicas?: Snapshot<readonly { readonly name: string }[]>
}

/** No address is known. */
export const unknownClients: ClientSource = { find: () => undefined }

/** A data path on loopback that logs and measures for itself. */
export function dataPath(options: RouterOptions): DataPath {
  const { cluster, routes, directory, peers, maxFlows, maxAssociations } = options
  const { log = silentLogger, clock = systemClock, clients = unknownClients } = options
  const { metrics = createMetrics(), listenHost = '127.0.0.1', globalSources, replicas } = options
  const common = { snapshot: routes, directory, peers, clients, clock, log, metrics }
  const deps = {
    ...common,
    ...(globalSources === undefined ? {} : { globalSources }),
    ...(replicas === undefined ? {} : { replicas }),
  }
  const config = { cluster, listenHost, flowLog: 'info' as const }
  return new DataPath(deps, {
    ...config,
    ...(maxFlows === undefined ? {} : { maxFlows }),
    ...(maxAssociations === undefined ? {} : { maxAssociations }),
  })
}

/** West and east joined in memory. */
export async function memoryPair(): Promise<RouterPair> {
  const westRoutes = new Snapshot<RouteSnapshot>(importingEcho)
  const eastRoutes = new Snapshot<RouteSnapshot>(exportingNothing)
  const directory = new Snapshot(directoryOf({ east: 1 }))
  const peers = new MemoryPeers()
  const [westMetrics, eastMetrics] = [createMetrics(), createMetrics()]
  const west = dataPath({ cluster: 'west', routes: westRoutes, directory, peers, metrics: westMetrics })
  const nobody = new MemoryPeers()
  const east = dataPath({
    cluster: 'east',
    routes: eastRoutes,
    directory,
    peers: nobody,
    metrics: eastMetrics,
  })
  const link = new MemoryTransport(east.acceptorFor('west'))
  peers.transports.set('east', link)
  await west.start()
  await east.start()
  return {
    west,
    east,
    westRoutes,
    eastRoutes,
    westMetrics,
    eastMetrics,
    async loseLink() {
      link.lose()
      peers.changed()
    },
    async restoreLink() {
      link.restore()
      peers.changed()
    },
    async [Symbol.asyncDispose]() {
      await west.stop()
      await east.stop()
    },
  }
}

/** Where a router stands in for demo/echo:80, once it listens. */
export async function echoPort(router: DataPath, protocol: Protocol = 'TCP'): Promise<number> {
  return await eventually(() => {
    const port = router.listenPort(ECHO, 80, protocol)
    if (port === undefined) throw new Error('not listening yet')
    return port
  })
}
