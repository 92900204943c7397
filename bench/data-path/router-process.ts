/** Child: one whole router whose routes are its argument. East exports backends, west imports over a link, middle relays. */
import { serviceKey } from '../../src/api/names.ts'
import {
  type ExportedPort,
  emptyRouteSnapshot,
  type ListenerSpec,
  type RouteSnapshot,
} from '../../src/api/route-snapshot.ts'
import type { Directory, OriginState, ServiceRecord } from '../../src/api/service-record.ts'
import { ProxyProtocol } from '../../src/api/traffic-settings.ts'
import { systemClock } from '../../src/core/clock.ts'
import { createLogger } from '../../src/core/log.ts'
import { createMetrics } from '../../src/core/metrics.ts'
import { Snapshot } from '../../src/core/snapshot.ts'
import { CredentialFolder } from '../../src/link/credential-folder.ts'
import { TlsFiles } from '../../src/link/tls-files.ts'
import { amqpConnections } from '../../src/router/amqp-connection.ts'
import { DataPath } from '../../src/router/data-path.ts'
import { RouterNetwork } from '../../src/router/network/router-network.ts'
import { eventually } from '../../test/support/eventually.ts'
import { linkTo, record } from '../../test/support/network.ts'
import { entriesOf, HOST, type PortName, type Ports } from './ports.ts'

interface RouterArgument {
  readonly tlsDir: string
  readonly cluster: 'west' | 'middle' | 'east'
  /** Egress: where the origins are. */
  readonly backends?: Ports
  /** Ingress, and relay: where the next router takes links. */
  readonly linkPort?: number
  /** Ingress: that router is the relay, not the egress. */
  readonly over?: 'middle'
}

const SERVICES = ['echo', 'flood', 'web', 'datagrams'] as const
const PORT = 80

const { tlsDir, cluster, backends, linkPort, over } = JSON.parse(process.argv[2] ?? '{}') as RouterArgument
const snapshot = new Snapshot(backends === undefined ? importing(linkPort ?? 0) : exporting(backends))
const log = createLogger('error', {}, 2)
const [clock, metrics] = [systemClock, createMetrics()]
const network = new RouterNetwork(
  {
    snapshot,
    acceptFlow: (peer) => dataPath.acceptorFor(peer.cluster),
    createDataConnection: amqpConnections({ clock, log }),
    logger: log,
    clock,
    metrics,
    tls: new TlsFiles({ clock, logger: log }, new CredentialFolder(tlsDir)),
  },
  { host: HOST, port: 0, version: 'bench', name: `${cluster}-${process.pid}` },
)
const directory = new Snapshot<Directory>(new Map([['east', eastRecords()]]))
const dataPath = new DataPath(
  { snapshot, directory, peers: network.peers, clients: { find: () => undefined }, clock, log, metrics },
  { cluster, listenHost: HOST, flowLog: 'off' },
)
// Its name is unique: a system over a long path runs beside the same without, and of one name the newer counts.
await network.start()
await dataPath.start()
process.on('SIGTERM', () => process.exit()).on('disconnect', () => process.exit())
process.send?.(await ports())

function protocolOf(name: PortName): 'TCP' | 'UDP' {
  return name === 'datagrams' ? 'UDP' : 'TCP'
}

function importing(link: number): RouteSnapshot {
  const listeners = SERVICES.map(
    (name): ListenerSpec => ({
      service: serviceKey('demo', name),
      protocol: protocolOf(name),
      port: PORT,
      listenPort: 0,
      addresses: [],
    }),
  )
  return {
    ...emptyRouteSnapshot,
    synced: true,
    listeners: cluster === 'west' ? listeners : [],
    links: [linkTo(over ?? 'east', link)],
  }
}

function exporting(origins: Ports): RouteSnapshot {
  const exports = new Map(
    entriesOf(origins).map(([name, port]) => [serviceKey('demo', name), [exported(name, port)]]),
  )
  return { ...emptyRouteSnapshot, synced: true, exports }
}

function exported(name: PortName, port: number): ExportedPort {
  const backend = { address: HOST, port, ready: true, serving: true }
  return { protocol: protocolOf(name), port: PORT, backends: [backend], proxyProtocol: ProxyProtocol.none }
}

function eastRecords(): OriginState {
  const records = SERVICES.map((name): [ReturnType<typeof serviceKey>, ServiceRecord] => {
    const port = { name: '', protocol: protocolOf(name), port: PORT, readyEndpoints: 1 }
    return [serviceKey('demo', name), record(name, { ports: [port] })]
  })
  return { cluster: 'east', epoch: 1, sequence: 1, records: new Map(records) }
}

async function ports(): Promise<Ports> {
  if (cluster === 'west') return await listenPorts()
  if (cluster === 'middle') await eventually(() => network.peers.reachable().includes('east'))
  return { link: network.port }
}

/** The ingress router's ports, once it has its link. Datagrams only if this router carries them. */
async function listenPorts(): Promise<Ports> {
  await eventually(() => network.peers.reachable().includes('east'))
  const portOf = (name: PortName) => dataPath.listenPort(serviceKey('demo', name), PORT, protocolOf(name))
  const required = (name: PortName) => eventually(() => portOf(name) ?? Promise.reject(new Error(name)))
  const [echo, flood, web] = [await required('echo'), await required('flood'), await required('web')]
  const datagrams = portOf('datagrams')
  return { echo, flood, web, ...(datagrams === undefined ? {} : { datagrams }) }
}
