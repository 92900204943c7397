/** Several routers joined in memory, with real sockets at their ends; what they log and measure can be read. */
import type { FlowTransport } from '../../src/amqp/flow-transport.ts'
import type { ClientSource } from '../../src/api/client-identity.ts'
import type { RouteSnapshot } from '../../src/api/route-snapshot.ts'
import { DEFAULT_TRAFFIC, type TrafficSettings } from '../../src/api/traffic-settings.ts'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import type { LogFields, Logger } from '../../src/core/log.ts'
import { createMetrics, type Metrics } from '../../src/core/metrics.ts'
import { Snapshot } from '../../src/core/snapshot.ts'
import type { DataPath } from '../../src/router/data-path.ts'
import type { GlobalSources, GlobalSourcesDeps } from '../../src/router/global/global-sources.ts'
import { MemoryPeers, MemoryTransport } from './memory-transport.ts'
import { dataPath } from './router-pair.ts'
import { directoryOf, ECHO } from './routes.ts'

/** One router of the world. */
export interface WorldRouter {
  readonly dataPath: DataPath
  readonly routes: Snapshot<RouteSnapshot>
  readonly peers: MemoryPeers
  readonly metrics: Metrics
  /** Every line it has logged. */
  readonly lines: LogFields[]
}

export interface WorldRouterOptions {
  readonly clients?: ClientSource
  readonly clock?: Clock
  /** Made with what the router logs and measures. */
  readonly globalSources?: (deps: Pick<GlobalSourcesDeps, 'clock' | 'log' | 'metrics'>) => GlobalSources
}

export class MemoryWorld implements AsyncDisposable {
  /** The same for all. */
  readonly directory = new Snapshot(directoryOf({}))
  readonly #routers: DataPath[] = []

  /** A started router of a cluster. */
  async router(
    cluster: string,
    snapshot: RouteSnapshot,
    { clients, clock = systemClock, globalSources }: WorldRouterOptions = {},
  ): Promise<WorldRouter> {
    const routes = new Snapshot(snapshot)
    const peers = new MemoryPeers()
    const metrics = createMetrics()
    const lines: LogFields[] = []
    const log = collecting(lines)
    const sources = globalSources?.({ clock, log, metrics })
    const router = dataPath({
      ...{ cluster, routes, directory: this.directory, peers, metrics, log, clock },
      ...(clients === undefined ? {} : { clients }),
      ...(sources === undefined ? {} : { globalSources: sources }),
    })
    this.#routers.push(router)
    await router.start()
    return { dataPath: router, routes, peers, metrics, lines }
  }

  /** A link over which `from` opens flows to `to`. */
  link(from: [string, WorldRouter], to: [string, WorldRouter]): MemoryLink {
    const transport = new MemoryTransport(to[1].dataPath.acceptorFor(from[0]))
    return new MemoryLink(from[1].peers, to[0], transport)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const router of this.#routers) await router.stop()
  }
}

/** A link that can be lost and restored. */
export class MemoryLink {
  readonly #peers: MemoryPeers
  readonly #transport: MemoryTransport

  constructor(peers: MemoryPeers, cluster: string, transport: MemoryTransport) {
    this.#peers = peers
    this.#transport = transport
    peers.transports.set(cluster, transport as FlowTransport)
    peers.changed()
  }

  lose(): void {
    this.#transport.lose()
    this.#peers.changed()
  }

  restore(): void {
    this.#transport.restore()
    this.#peers.changed()
  }
}

/** The snapshot with settings for demo/echo. */
export function withTraffic(snapshot: RouteSnapshot, settings: Partial<TrafficSettings>): RouteSnapshot {
  return { ...snapshot, traffic: new Map([[ECHO, { ...DEFAULT_TRAFFIC, ...settings }]]) }
}

function collecting(lines: LogFields[]): Logger {
  const take = (fields: LogFields, msg: string): void => void lines.push({ ...fields, msg })
  const logger: Logger = { debug: take, info: take, warn: take, error: take, child: () => logger }
  return logger
}
