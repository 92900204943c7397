/** Child: one whole router whose routes are its argument. With backends it exports them, else it imports over a link. */

import { serviceKey } from '../../src/api/names.ts'
import type { RouteSnapshot } from '../../src/api/route-snapshot.ts'
import { emptyRouteSnapshot } from '../../src/api/route-snapshot.ts'
import type { Directory, OriginState, ServiceRecord } from '../../src/api/service-record.ts'
import { ProxyProtocol } from '../../src/api/traffic-settings.ts'
import { systemClock } from '../../src/core/clock.ts'
import { createLogger } from '../../src/core/log.ts'
import { createMetrics } from '../../src/core/metrics.ts'
import { Snapshot } from '../../src/core/snapshot.ts'
import { amqpConnections } from '../../src/router/amqp-connection.ts'
import { DataPath } from '../../src/router/data-path.ts'
import { RouterNetwork } from '../../src/router/network/router-network.ts'
import { eventually } from '../../test/support/eventually.ts'
import { linkTo, record } from '../../test/support/network.ts'
import type { Ports } from './child.ts'

interface RouterArgument {
  readonly tlsDir: string
  /** Egress: where the origin is. */
  readonly backends?: Ports
  /** Ingress: where the egress router takes links. */
  readonly linkPort?: number
}

const SERVICES = ['echo', 'flood'] as const
const argument = JSON.parse(process.argv[2] ?? '{}') as RouterArgument
const routes: RouteSnapshot =
  argument.backends === undefined ? importing(argument.linkPort ?? 0) : exporting(argument.backends)

const snapshot = new Snapshot(routes)
const log = createLogger('warn', {}, 2)
const [clock, metrics] = [systemClock, createMetrics()]
const network = new RouterNetwork(
  {
    snapshot,
    acceptFlow: (peer) => dataPath.acceptorFor(peer.cluster),
    createDataConnection: amqpConnections({ clock, log }, `bench-${process.pid}`),
    logger: log,
    clock,
    metrics,
  },
  { host: '127.0.0.1', port: 0, tlsDir: argument.tlsDir, version: 'bench' },
)
const directory = new Snapshot<Directory>(new Map([['east', eastRecords()]]))
const dataPath = new DataPath(
  { snapshot, directory, peers: network.peers, clock, log, metrics },
  { cluster: argument.backends === undefined ? 'west' : 'east', listenHost: '127.0.0.1', flowLog: 'off' },
)
await network.start()
await dataPath.start()
if (argument.backends === undefined) await eventually(() => network.peers.reachable().includes('east'))
process.on('SIGTERM', () => process.exit())
process.send?.({ echo: await listenPort('echo'), flood: await listenPort('flood'), link: network.port })

function importing(linkPort: number): RouteSnapshot {
  const listeners = SERVICES.map((name) => ({
    service: serviceKey('demo', name),
    protocol: 'TCP' as const,
    port: 80,
    listenPort: 0,
    addresses: [],
  }))
  return { ...emptyRouteSnapshot, synced: true, listeners, links: [linkTo('east', linkPort)] }
}

function exporting(backends: Ports): RouteSnapshot {
  const exports = new Map(
    SERVICES.map((name) => {
      const backend = { address: '127.0.0.1', port: backends[name], ready: true, serving: true }
      return [
        serviceKey('demo', name),
        [{ protocol: 'TCP' as const, port: 80, backends: [backend], proxyProtocol: ProxyProtocol.none }],
      ]
    }),
  )
  return { ...emptyRouteSnapshot, synced: true, exports }
}

function eastRecords(): OriginState {
  const records = SERVICES.map((name): [ReturnType<typeof serviceKey>, ServiceRecord] => [
    serviceKey('demo', name),
    record(name),
  ])
  return { cluster: 'east', epoch: 1, sequence: 1, records: new Map(records) }
}

/** Only the ingress router listens. */
async function listenPort(name: (typeof SERVICES)[number]): Promise<number> {
  if (argument.backends !== undefined) return 0
  return await eventually(
    () => dataPath.listenPort(serviceKey('demo', name), 80) ?? Promise.reject(new Error(name)),
  )
}
