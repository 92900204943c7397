/**
 * The router's side of the network: its one port, the links it dials, the directory and the topology that flow through
 * both, and the data connections to every other cluster and to the other routers of our own.
 */
import { randomUUID } from 'node:crypto'
import type { LinkSpec } from '../../api/route-snapshot.ts'
import type { Directory, OriginState } from '../../api/service-record.ts'
import type { FairleadError } from '../../core/errors.ts'
import type { Startable } from '../../core/lifecycle.ts'
import type { Logger } from '../../core/log.ts'
import type { Labels } from '../../core/metrics.ts'
import { Snapshot, type SnapshotSource } from '../../core/snapshot.ts'
import { Acceptor } from '../../link/acceptor.ts'
import { HostResolver, type ResolveHost } from '../../link/addresses.ts'
import type { ReadSecret } from '../../link/dial-target.ts'
import { LinkDialer, type LinkDialerConfig } from '../../link/dialer.ts'
import { DirectoryStore } from '../../link/directory-store.ts'
import { PeerRefusedError, PeerSilentError, ViolationError } from '../../link/errors.ts'
import { Farewells } from '../../link/farewells.ts'
import { type HeartbeatConfig, heartbeatOf } from '../../link/heartbeat.ts'
import { LeafSigner } from '../../link/leaf-signer.ts'
import { HEARTBEAT } from '../../link/limits.ts'
import type { LinkStatus } from '../../link/link-status.ts'
import { MessageCodec } from '../../link/message-codec.ts'
import { type Hello, PROTOCOL } from '../../link/messages.ts'
import { OriginSignatures } from '../../link/origin-signatures.ts'
import type { AnnouncedSources } from '../../link/sources.ts'
import type { TlsFiles } from '../../link/tls-files.ts'
import { WebSocketAcceptor } from '../../link/web-socket-acceptor.ts'
import type { WebSocketStream } from '../../link/web-socket-stream.ts'
import type { TrustAnchors, VerifiedChain } from '../../pki/chain.ts'
import { type PeerIdentity, Role } from '../../pki/identity.ts'
import { Vouchers } from '../relay/vouchers.ts'
import type { RouterInfo } from '../topology/link-graph.ts'
import type { TopologyView } from '../topology/topology-view.ts'
import { AcceptedSessions } from './accepted-sessions.ts'
import { AdvertisementSignatures } from './advertisement-signatures.ts'
import { Arrival } from './arrival.ts'
import { DataConnections, type DataConnectionsDeps, dataConnectionsPerLink } from './data-connections.ts'
import { MAX_LINKS, MAX_REPLICAS } from './limits.ts'
import { Links } from './links.ts'
import { NetworkTopology } from './network-topology.ts'
import { Partings } from './partings.ts'
import type { PeerTransports } from './peers.ts'
import { type ReplicaAddress, ReplicaLinks } from './replicas.ts'
import { Sharing } from './sharing.ts'
import { SourceAgents } from './source-agents.ts'
import { TopologyPaths } from './topology-paths.ts'

export interface RouterNetworkDeps extends Omit<DataConnectionsDeps, 'paths' | 'vouchers' | 'isGone'> {
  readonly logger: Logger
  /** Started and stopped with the network. */
  readonly tls: TlsFiles
  /** Credentials of proxies; absent: Links that need them cannot be dialled. */
  readonly readSecret?: ReadSecret
  /** The system's resolver when absent. */
  readonly resolve?: ResolveHost
  /** All routers of our own cluster, ourselves included. Absent: we are the only one. */
  readonly replicas?: SnapshotSource<readonly ReplicaAddress[]>
  /** Told to the agents of our own cluster. Absent: agents are refused. */
  readonly sources?: SnapshotSource<AnnouncedSources>
}

export interface RouterNetworkConfig {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** Where WebSockets are taken; absent: nowhere. 0 takes any free port. */
  readonly webSocketPort?: number
  /** 32 hex digits, unique per process: flows are resumed with no other. Made up when absent. */
  readonly routerId?: string
  /** What people call this router, unique in its cluster: the name of its pod. Its id when absent. */
  readonly name?: string
  /** Software version, told to peers. */
  readonly version: string
  readonly heartbeat?: HeartbeatConfig
  /** Beside the control session of each link we dial. Default: by the number of processors. */
  readonly dataConnections?: number
}

/** What a link costs that others dialled: whoever dials says more where it should. */
const DEFAULT_COST = 1

/** Starts listening and dialling; stops with a goodbye to everybody. */
export class RouterNetwork implements Startable {
  readonly #deps: RouterNetworkDeps
  readonly #config: RouterNetworkConfig
  readonly #routerId: string
  readonly #tls: TlsFiles
  readonly #codec = new MessageCodec()
  readonly #anchors: SnapshotSource<TrustAnchors>
  readonly #signatures: OriginSignatures
  readonly #store: DirectoryStore
  readonly #data: DataConnections
  readonly #acceptor: Acceptor
  readonly #webSockets: WebSocketAcceptor | undefined
  readonly #resolve: ResolveHost
  readonly #links: Links
  readonly #replicas: ReplicaLinks
  readonly #replicaLinks: Links
  readonly #topology: NetworkTopology
  readonly #arrival: Arrival
  readonly #sharing: Sharing
  readonly #partings: Partings
  readonly #agents: SourceAgents | undefined
  readonly #countEnd: (labels?: Labels) => void
  readonly #countDown: (labels?: Labels) => void
  #sessions: AcceptedSessions | undefined
  #farewells: Farewells | undefined

  constructor(deps: RouterNetworkDeps, config: RouterNetworkConfig) {
    this.#deps = deps
    this.#config = config
    this.#routerId = config.routerId ?? randomUUID().replaceAll('-', '')
    const name = config.name ?? this.#routerId
    this.#tls = deps.tls
    this.#anchors = this.#tls.trust.anchors
    const isGone = (cluster: string) => this.#partings.parts(cluster)
    const signer = new LeafSigner(this.#tls)
    const onMember = (chain: VerifiedChain) => this.#tls.trust.witness(chain)
    this.#signatures = new OriginSignatures({ ...deps, anchors: this.#anchors, signer, onMember })
    this.#store = new DirectoryStore(this.#signatures.verify, isGone)
    const signatures = new AdvertisementSignatures({ ...deps, anchors: this.#anchors, signer })
    this.#topology = new NetworkTopology({ ...deps, signatures, isGone }, { router: this.#routerId, name })
    this.#tls.onChange(() => this.#topology.sayAgain())
    const vouchers = new Vouchers({ ...deps, anchors: this.#anchors, signer })
    this.#data = new DataConnections(
      { ...deps, vouchers, isGone, paths: new TopologyPaths(this.#topology.view) },
      { instance: this.#routerId, name, identity: () => this.identity },
    )
    this.#links = new Links({
      ...deps,
      limit: MAX_LINKS,
      createDialer: (spec) => this.#createDialer(spec, 'other-cluster'),
    })
    this.#replicas = new ReplicaLinks(name, deps.replicas ?? new Snapshot([]))
    this.#replicaLinks = new Links({
      ...deps,
      snapshot: this.#replicas.links,
      limit: MAX_REPLICAS,
      createDialer: (spec) => this.#createDialer(spec, 'own-cluster'),
    })
    this.#arrival = new Arrival({
      ...deps,
      links: this.#links.status,
      topology: this.#topology.view,
      replicas: deps.replicas ?? new Snapshot([]),
    })
    const own = () => this.identity.cluster
    const topology = this.#topology
    const { trust } = this.#tls
    this.#partings = new Partings({ ...deps, own, trust, topology, store: this.#store, data: this.#data })
    this.#sharing = new Sharing({
      own,
      topology,
      anchors: this.#anchors,
      arrival: this.#arrival,
      reach: this.#data.peers,
    })
    this.#agents =
      deps.sources === undefined ? undefined : new SourceAgents({ ...deps, sources: deps.sources })
    this.#acceptor = new Acceptor(
      {
        ...deps,
        tls: this.#tls,
        onControl: (socket, peer) => this.#sessions?.add(socket, peer),
        onData: (socket, peer) => void this.#data.open({ socket, peer }, 'acceptor'),
        onRevoked: (socket, peer) => this.#farewells?.say(socket, peer, 'acceptor') ?? false,
      },
      config,
    )
    this.#webSockets = this.#webSocketAcceptor(config.webSocketPort)
    const resolver = new HostResolver(deps.resolve)
    this.#resolve = (host) => resolver.resolve(host)
    this.#countDown = deps.metrics.counter(
      'fairlead_link_down_total',
      'Links that we dial and that were lost or not established, by cause',
      ['cause'],
    )
    this.#countEnd = deps.metrics.counter(
      'fairlead_link_sessions_ended_total',
      'Control sessions that others opened and that ended, by cause',
      ['cause'],
    )
    deps.metrics.observe(
      'fairlead_link_sessions',
      'Control sessions that others opened',
      () => this.#sessions?.size ?? 0,
    )
  }

  /** Every cluster's records, also of clusters that cannot be reached now. */
  get directory(): SnapshotSource<Directory> {
    return this.#store.directory
  }

  /** The latest epoch of our own cluster's records that another cluster holds and that we lack; 0 for none. */
  get outdone(): SnapshotSource<number> {
    return this.#sharing.outdone
  }

  /** Ways to other clusters. */
  get peers(): PeerTransports {
    return this.#data.peers
  }

  /** All routers that are connected with this one, and the paths to them. */
  get topology(): SnapshotSource<TopologyView> {
    return this.#topology.view
  }

  /** Routers that were lost a short while ago. */
  get lostRouters(): readonly RouterInfo[] {
    return this.#topology.lost
  }

  /** The agents of our cluster; undefined when there is nothing to tell them. */
  get agents(): SourceAgents | undefined {
    return this.#agents
  }

  /** The state of each Link. */
  get linkStatus(): SnapshotSource<readonly LinkStatus[]> {
    return this.#links.status
  }

  /** Who we are, by our certificate. Only after `start`. */
  get identity(): PeerIdentity {
    return this.#tls.current().identity
  }

  /** The port we listen on. Only after `start`. */
  get port(): number {
    return this.#acceptor.port
  }

  /** Where WebSockets are taken; undefined when they are not. Only after `start`. */
  get webSocketPort(): number | undefined {
    return this.#webSockets?.port
  }

  /** Takes the records of our own cluster where no controller brings them: at a site without Kubernetes. */
  publish(state: OriginState): void {
    this.#store.replace(this.#signatures.sign(state))
  }

  /** Tells when there is another certificate to sign with. What was published has to be published anew, as a newer version. */
  get certificate(): Pick<SnapshotSource<unknown>, 'subscribe'> {
    return { subscribe: (listener) => this.#tls.onChange((next) => listener(next, undefined)) }
  }

  /** Resolves when it listens, which is not before there is a certificate. */
  async start(): Promise<void> {
    await this.#tls.start()
    await this.#tls.whenPresent
    const greeting = { hello: this.#hello(), heartbeat: this.#heartbeat }
    this.#farewells = new Farewells(this.#sessionDeps(), greeting)
    this.#sessions = new AcceptedSessions(this.#sessionDeps(), {
      ...greeting,
      syncWith: (peer) => this.#sharing.with(peer, DEFAULT_COST),
      agents: this.#agents,
      onClosed: (peer, id, error) => this.#onSessionClosed(peer, id, error),
    })
    this.#topology.start(this.identity.cluster)
    this.#partings.start()
    await this.#acceptor.start()
    await this.#webSockets?.start()
    await this.#links.start()
    await this.#replicas.start()
    await this.#replicaLinks.start()
    this.#arrival.begin()
  }

  /** What a router that has just started waits for, in words; empty from then on. */
  notReady(): string[] {
    return this.#arrival.missing()
  }

  /** Tells the neighbours to open no more flows here; those there are go on. */
  drain(): void {
    this.#sessions?.drain()
    this.#data.drain()
    this.#topology.drain()
  }

  async stop(): Promise<void> {
    this.#partings.stop()
    await this.#webSockets?.stop()
    await this.#acceptor.stop()
    const data = this.#data.stop()
    await this.#replicas.stop()
    await Promise.all([data, this.#links.stop(), this.#replicaLinks.stop()])
    this.#farewells?.stop()
    // Not before: who dialled us gives up its data connections with the session, and would not hear why they end.
    await this.#sessions?.closeAll('the router is stopping')
    this.#topology.stop()
    await this.#tls.stop()
  }

  get #heartbeat(): HeartbeatConfig {
    return this.#config.heartbeat ?? HEARTBEAT
  }

  #webSocketAcceptor(port: number | undefined): WebSocketAcceptor | undefined {
    if (port === undefined) return undefined
    const deps = {
      ...this.#deps,
      tls: this.#tls,
      onStream: (stream: WebSocketStream) => this.#acceptor.accept(stream),
      onRefused: (...refusal: Parameters<Acceptor['refuse']>) => this.#acceptor.refuse(...refusal),
    }
    return new WebSocketAcceptor(deps, { host: this.#config.host, port })
  }

  #createDialer(spec: LinkSpec, leadsTo: LinkDialerConfig['leadsTo']): LinkDialer {
    const { random, readSecret } = this.#deps
    const { keepAliveMs } = spec.settings ?? {}
    return new LinkDialer(
      {
        ...this.#sessionDeps(),
        ...(random === undefined ? {} : { random }),
        ...(readSecret === undefined ? {} : { readSecret }),
        resolve: this.#resolve,
        tls: this.#tls,
        openData: (socket) => this.#data.open(socket, 'dialer', spec.settings),
        onDown: (error) => this.#countDown({ cause: causeOf(error) }),
        onRevoked: (socket, peer) => this.#farewells?.say(socket, peer, 'dialer') ?? false,
      },
      {
        spec,
        hello: { ...this.#hello(), ...(keepAliveMs === undefined ? {} : { keepAliveMs }) },
        heartbeat: keepAliveMs === undefined ? this.#heartbeat : heartbeatOf(keepAliveMs),
        dataConnections: this.#config.dataConnections ?? dataConnectionsPerLink(),
        leadsTo,
        syncWith: (peer) => this.#sharing.with(peer, spec.cost),
      },
    )
  }

  #sessionDeps() {
    const { clock, logger } = this.#deps
    return { clock, logger, codec: this.#codec, store: this.#store, trust: this.#tls.trust }
  }

  #hello(): Hello {
    const { cluster, role } = this.identity
    return {
      type: 'hello',
      id: this.#routerId,
      cluster,
      role,
      version: this.#config.version,
      protocol: PROTOCOL,
    }
  }

  /** A peer whose control session went silent cannot be reached by the data connections beside it either. */
  #onSessionClosed(peer: PeerIdentity, id: string | undefined, error: FairleadError): void {
    this.#countEnd({ cause: causeOf(error) })
    if (id !== undefined && error instanceof PeerSilentError && peer.role === Role.router) {
      this.#data.closeAccepted(peer.cluster, id, 'the peer is silent')
    }
  }
}

function causeOf(error: unknown): string {
  if (error instanceof PeerSilentError) return 'silent'
  if (error instanceof ViolationError) return 'violation'
  return error instanceof PeerRefusedError ? 'refused' : 'lost'
}
