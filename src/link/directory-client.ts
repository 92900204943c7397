/**
 * The controller's session with its own cluster's router: publishes this cluster's records, receives everybody's.
 */
import { randomUUID } from 'node:crypto'
import { type ServiceKey, serviceKey } from '../api/names.ts'
import type { Directory, OriginState, ServiceRecord } from '../api/service-record.ts'
import type { Clock } from '../core/clock.ts'
import { describeError } from '../core/errors.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import type { Labels, Metrics } from '../core/metrics.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import type { VerifiedChain } from '../pki/chain.ts'
import { type PeerIdentity, Role } from '../pki/identity.ts'
import { deltaBetween } from './directory-replica.ts'
import { DirectoryStore } from './directory-store.ts'
import { LinkLostError, PeerRefusedError } from './errors.ts'
import type { HeartbeatConfig } from './heartbeat.ts'
import { type AttemptOutcome, keepConnected } from './keep-connected.ts'
import { LeafSigner } from './leaf-signer.ts'
import { HEARTBEAT } from './limits.ts'
import { type DialledSession, dialSession } from './link-session.ts'
import { MessageCodec } from './message-codec.ts'
import { compareVersions, type Hello, type OriginVersion, PROTOCOL } from './messages.ts'
import { OriginSignatures } from './origin-signatures.ts'
import type { Standing } from './standing.ts'
import type { TlsFiles } from './tls-files.ts'

export interface DirectoryClientDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  /** Started and stopped with the client. While there are no credentials it waits for them. */
  readonly tls: TlsFiles
  readonly random?: () => number
}

export interface DirectoryClientConfig {
  /** The router's link port. */
  readonly host: string
  readonly port: number
  /** Software version, for the router's log. */
  readonly version: string
  readonly heartbeat?: HeartbeatConfig
}

/** Keeps a session to the router for ever; what was last known stays while there is none. */
export class DirectoryClient implements Startable {
  readonly #deps: DirectoryClientDeps
  readonly #config: DirectoryClientConfig
  readonly #tls: TlsFiles
  readonly #codec = new MessageCodec()
  readonly #signatures: OriginSignatures
  readonly #store: DirectoryStore
  readonly #gone: Snapshot<ReadonlySet<string>>
  readonly #connected = new Snapshot(false)
  readonly #reachable = new Snapshot<ReadonlySet<string> | undefined>(undefined)
  readonly #confirmed = new Snapshot<OriginVersion | undefined>(undefined)
  readonly #outdone = new Snapshot(0)
  readonly #countRefused: (labels?: Labels) => void
  readonly #stopping = new AbortController()
  readonly #id = randomUUID()
  #running: Promise<void> = Promise.resolve()

  constructor(deps: DirectoryClientDeps, config: DirectoryClientConfig) {
    this.#deps = deps
    this.#config = config
    this.#tls = deps.tls
    const { standing, anchors } = deps.tls.trust
    this.#gone = new Snapshot(standing.current().gone)
    standing.subscribe((next, previous) => this.#follow(next, previous))
    const signer = new LeafSigner(this.#tls)
    const onMember = (chain: VerifiedChain) => this.#tls.trust.witness(chain)
    this.#signatures = new OriginSignatures({ ...deps, signer, anchors, onMember })
    this.#store = new DirectoryStore(this.#signatures.verify, (cluster) =>
      standing.current().gone.has(cluster),
    )
    this.#countRefused = deps.metrics.counter(
      'fairlead_directory_records_refused_total',
      'Records of our own that no peer would take, left out of what is published',
    )
  }

  /** Every cluster's records. */
  get directory(): SnapshotSource<Directory> {
    return this.#store.directory
  }

  /** Clusters that were revoked and have not come back: none is in the directory, and none is unknown. */
  get gone(): SnapshotSource<ReadonlySet<string>> {
    return this.#gone
  }

  /** A session to the router stands. */
  get connected(): SnapshotSource<boolean> {
    return this.#connected
  }

  /** Clusters that the router we are connected to can open flows to; undefined while that is not known. */
  get reachable(): SnapshotSource<ReadonlySet<string> | undefined> {
    return this.#reachable
  }

  /** The newest state of our own cluster that a router has taken; undefined before the first. */
  get confirmed(): SnapshotSource<OriginVersion | undefined> {
    return this.#confirmed
  }

  /** The latest epoch of our own cluster's state that another cluster holds and we lack; 0 for none. */
  get outdone(): SnapshotSource<number> {
    return this.#outdone
  }

  /** Who we are, by our certificate. Throws UsageError while there is none. */
  get identity(): PeerIdentity {
    return this.#tls.current().identity
  }

  /** Starts to connect, as soon as there is a certificate. */
  async start(): Promise<void> {
    await this.#tls.start()
    this.#running = this.#tls.whenPresent.then(
      () => this.#keepConnected(),
      () => {}, // Stopped before.
    )
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new LinkLostError('stopping'))
    await this.#tls.stop()
    await this.#running
  }

  /** Tells when there is another certificate to sign with. What was published has to be published anew, as a newer version. */
  get certificate(): Pick<SnapshotSource<unknown>, 'subscribe'> {
    return { subscribe: (listener) => this.#tls.onChange((next) => listener(next, undefined)) }
  }

  /**
   * Our own cluster's state from now on, signed with our certificate: sent at once as a delta where the router has the
   * state before it, and whole to each router that a session is made to. A state that is not newer than the last is
   * ignored. Records that break the bounds of the protocol are left out, logged and counted: peers would close the session
   * over them.
   */
  publish(state: OriginState): void {
    const present = this.#store.origin(state.cluster)
    const records = this.#acceptable(state.records, present?.records)
    const next = this.#signatures.sign({ ...state, records })
    const delta = present?.epoch === next.epoch ? deltaBetween(present, next) : undefined
    if (delta !== undefined && delta.to > delta.from) this.#store.change(delta)
    else this.#store.replace(next)
  }

  /** Records that were checked before, the very same objects, are not checked again. */
  #acceptable(records: OriginState['records'], before?: OriginState['records']): OriginState['records'] {
    const good = [...records].filter(
      ([key, record]) => before?.get(key) === record || this.#check(key, record),
    )
    return good.length === records.size ? records : new Map(good)
  }

  #check(key: ServiceKey, record: ServiceRecord): boolean {
    const checked = this.#codec.checkRecord(record)
    const named = key === serviceKey(record.namespace, record.name)
    if (checked.ok && named) return true
    this.#countRefused()
    const reason = checked.ok ? 'it is filed under another name' : checked.reason
    this.#deps.logger.error({ service: key, reason }, 'record not published')
    return false
  }

  #follow({ gone }: Standing, previous: Standing): void {
    this.#gone.set(gone)
    for (const cluster of gone) this.#store.remove(cluster)
    for (const cluster of previous.gone) if (!gone.has(cluster)) this.#store.readmit(cluster)
  }

  #keepConnected(): Promise<void> {
    return keepConnected(
      this.#deps,
      () => this.#attempt(),
      (error, ms) => this.#logPause(error, ms),
      this.#stopping.signal,
    )
  }

  async #attempt(): Promise<AttemptOutcome> {
    let dialled: DialledSession
    try {
      dialled = await this.#dial()
    } catch (error) {
      return { error, stoodMs: 0 }
    }
    const since = this.#deps.clock.monotonic()
    this.#deps.logger.info(
      { router: dialled.hello.id, version: dialled.hello.version },
      'connected to the router',
    )
    this.#connected.set(true)
    const error = await this.#untilClosed(dialled)
    this.#connected.set(false)
    this.#reachable.set(undefined)
    return { error, stoodMs: this.#deps.clock.monotonic() - since }
  }

  #dial(): Promise<DialledSession> {
    const { clock, logger } = this.#deps
    const { heartbeat = HEARTBEAT, host, port } = this.#config
    return dialSession(
      { clock, logger, codec: this.#codec, store: this.#store, tls: this.#tls },
      {
        hello: this.#hello(),
        heartbeat,
        requirePeer: (peer) => this.#requireOwnRouter(peer),
        syncWith: () => ({
          maySend: (cluster) => cluster === this.identity.cluster,
          mayReceive: () => true,
          owns: (cluster) => cluster === this.identity.cluster,
          trust: this.#tls.trust.anchors,
          onHeld: (version) => this.#onHeld(version),
          onReach: (clusters) => this.#reachable.set(clusters),
          onOutdoneEpoch: (epoch) => this.#outdone.set(epoch),
        }),
        onRoundTrip: () => {},
      },
      { endpoint: { host, port } },
      this.#stopping.signal,
    )
  }

  async #untilClosed({ session }: DialledSession): Promise<unknown> {
    const onAbort = () => session.close('the controller is stopping')
    this.#stopping.signal.addEventListener('abort', onAbort)
    if (this.#stopping.signal.aborted) onAbort()
    const error = await session.whenClosed
    this.#stopping.signal.removeEventListener('abort', onAbort)
    return error
  }

  #hello(): Hello {
    const { cluster, role } = this.identity
    return { type: 'hello', id: this.#id, cluster, role, version: this.#config.version, protocol: PROTOCOL }
  }

  #requireOwnRouter(peer: PeerIdentity): void {
    if (peer.role === Role.router && peer.cluster === this.identity.cluster) return
    throw new PeerRefusedError('wrong-cluster', `${peer.role} of cluster ${peer.cluster} is not our router`)
  }

  #onHeld({ cluster, epoch, sequence }: OriginVersion): void {
    if (cluster !== this.identity.cluster) return
    const present = this.#confirmed.current()
    if (present !== undefined && compareVersions({ epoch, sequence }, present) <= 0) return
    this.#confirmed.set({ cluster, epoch, sequence })
  }

  #logPause(error: unknown, ms: number): void {
    this.#deps.logger.warn(
      { error: describeError(error), retryInMs: Math.round(ms) },
      'no session to the router',
    )
  }
}
