/** Routers' networks and controllers' clients on loopback, joined by real TLS. */
import type { FlowAcceptor } from '../../src/amqp/flow-transport.ts'
import type { ServiceKey } from '../../src/api/names.ts'
import { emptyRouteSnapshot, type LinkSpec, type RouteSnapshot } from '../../src/api/route-snapshot.ts'
import type { OriginState, ServiceRecord } from '../../src/api/service-record.ts'
import { systemClock } from '../../src/core/clock.ts'
import { type Logger, silentLogger } from '../../src/core/log.ts'
import { createMetrics, type Metrics } from '../../src/core/metrics.ts'
import { Snapshot, type SnapshotSource } from '../../src/core/snapshot.ts'
import type { ResolveHost } from '../../src/link/addresses.ts'
import { CredentialFolder } from '../../src/link/credential-folder.ts'
import type { CredentialSource } from '../../src/link/credential-source.ts'
import type { ReadSecret } from '../../src/link/dial-target.ts'
import { DirectoryClient } from '../../src/link/directory-client.ts'
import type { HeartbeatConfig } from '../../src/link/heartbeat.ts'
import type { AnnouncedSources } from '../../src/link/sources.ts'
import { TlsFiles } from '../../src/link/tls-files.ts'
import { amqpConnections } from '../../src/router/amqp-connection.ts'
import type { ReplicaAddress } from '../../src/router/network/replicas.ts'
import { RouterNetwork } from '../../src/router/network/router-network.ts'

export interface TestNetwork {
  readonly network: RouterNetwork
  readonly snapshot: Snapshot<RouteSnapshot>
  readonly metrics: Metrics
}

export interface NetworkOptions {
  readonly tlsDir: string | CredentialSource
  readonly links?: readonly LinkSpec[]
  readonly port?: number
  readonly heartbeat?: HeartbeatConfig
  readonly logger?: Logger
  readonly routerId?: string
  readonly dataConnections?: number
  readonly webSocketPort?: number
  readonly resolve?: ResolveHost
  readonly readSecret?: ReadSecret
  readonly name?: string
  readonly replicas?: SnapshotSource<readonly ReplicaAddress[]>
  /** What agents are told. */
  readonly sources?: SnapshotSource<AnnouncedSources>
  /** 127.0.0.1 when absent. */
  readonly host?: string
}

/** A network that refuses every flow, started. */
export async function startNetwork(options: NetworkOptions): Promise<TestNetwork> {
  const { links = [], port = 0, logger = silentLogger, tlsDir } = options
  const snapshot = new Snapshot<RouteSnapshot>({ ...emptyRouteSnapshot, synced: true, links })
  const metrics = createMetrics()
  const network = new RouterNetwork(
    {
      snapshot,
      metrics,
      logger,
      clock: systemClock,
      tls: tlsOf(tlsDir, logger),
      acceptFlow: () => refuseFlow,
      createDataConnection: amqpConnections({ clock: systemClock, log: logger }),
      ...(options.resolve === undefined ? {} : { resolve: options.resolve }),
      ...(options.readSecret === undefined ? {} : { readSecret: options.readSecret }),
      ...(options.replicas === undefined ? {} : { replicas: options.replicas }),
      ...(options.sources === undefined ? {} : { sources: options.sources }),
    },
    { host: options.host ?? '127.0.0.1', port, version: 'test', ...optional(options) },
  )
  await network.start()
  return { network, snapshot, metrics }
}

/** Credentials of a folder or of another source, not started. */
export function tlsOf(from: string | CredentialSource, logger = silentLogger): TlsFiles {
  const source = typeof from === 'string' ? new CredentialFolder(from) : from
  return new TlsFiles({ clock: systemClock, logger }, source)
}

/** A controller's client, started. */
export async function startClient(
  tlsDir: string | CredentialSource,
  port: number,
  logger = silentLogger,
  host = '127.0.0.1',
): Promise<DirectoryClient> {
  const client = new DirectoryClient(
    { clock: systemClock, logger, metrics: createMetrics(), tls: tlsOf(tlsDir, logger) },
    { host, port, version: 'test' },
  )
  await client.start()
  return client
}

/** A Link to a port on loopback. */
export function linkTo(name: string, ...ports: number[]): LinkSpec {
  return { name, cost: 1, endpoints: ports.map((port) => ({ host: '127.0.0.1', port })) }
}

/** A record of a plain Service. */
export function record(name: string, changes: Partial<ServiceRecord> = {}): ServiceRecord {
  return {
    namespace: 'demo',
    name,
    exportedAt: '2026-01-01T00:00:00Z',
    type: 'ClusterSetIP',
    ports: [{ name: 'http', protocol: 'TCP', port: 80, readyEndpoints: 1 }],
    ipFamilies: ['IPv4'],
    sessionAffinity: 'None',
    ...changes,
  }
}

/** The state of a cluster that exports Services of these names. */
export function stateOf(
  cluster: string,
  epoch: number,
  sequence: number,
  names: readonly string[],
): OriginState {
  const records = new Map(names.map((name) => [`demo/${name}` as ServiceKey, record(name)]))
  return { cluster, epoch, sequence, records }
}

/** The value of a counter or gauge sample, 0 when there is none. */
export async function sample(metrics: Metrics, name: string): Promise<number> {
  const line = (await metrics.text()).split('\n').find((text) => text.startsWith(`${name} `))
  return line === undefined ? 0 : Number(line.slice(name.length + 1))
}

const refuseFlow: FlowAcceptor = (_request, channel) => {
  channel.reset({ condition: 'fairlead:not-exported', description: 'no flows here' })
  return { onAccept() {}, onData() {}, onEnd() {}, onReset() {}, onDrain() {}, onAcked() {}, onClosed() {} }
}

function optional({ heartbeat, routerId, dataConnections, webSocketPort, name }: NetworkOptions) {
  return {
    ...(webSocketPort === undefined ? {} : { webSocketPort }),
    ...(name === undefined ? {} : { name }),
    ...(heartbeat === undefined ? {} : { heartbeat }),
    ...(routerId === undefined ? {} : { routerId }),
    ...(dataConnections === undefined ? {} : { dataConnections }),
  }
}
