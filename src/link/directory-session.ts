/**
 * A control session that replicates the directory: what routers hold with each other and with their controller, whom
 * they also tell which clusters they reach. Between routers it also carries the topology, of which it knows nothing.
 */
import type { Duplex } from 'node:stream'
import type { TopologyMessage } from '../api/router-advertisement.ts'
import type { FairleadError } from '../core/errors.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import type { PeerIdentity } from '../pki/identity.ts'
import { ControlSession, type ControlSessionConfig, type ControlSessionDeps } from './control-session.ts'
import type { DirectoryStore } from './directory-store.ts'
import { DirectorySync, type DirectorySyncConfig } from './directory-sync.ts'
import { Condition, PeerRefusedError, ViolationError } from './errors.ts'
import type { Hello, Outdone, Reach, SessionMessage } from './messages.ts'
import { OutdoneReport } from './outdone.ts'
import type { AdmittedPeer } from './peer-chain.ts'
import { ReachAssembly, ReachReport, type ReachSource } from './reach.ts'
import { isTopology, type TopologyExchange, type TopologyHook } from './topology-hook.ts'
import { TrustExchange } from './trust-exchange.ts'
import type { TrustStore } from './trust-store.ts'

export interface DirectorySessionDeps extends ControlSessionDeps {
  readonly store: DirectoryStore
  readonly trust: TrustStore
}

/** A session whose peer is known by its chain of certificates. */
export interface DirectorySessionConfig extends ControlSessionConfig, SharingConfig {
  readonly peer: AdmittedPeer
}

/** What is shared with one peer. */
export interface SharingConfig extends DirectorySyncConfig {
  /** Told to the peer: it is our own controller. */
  readonly reach?: ReachSource
  /** Told by the peer: it is our own router. Absent: the peer may not tell. */
  readonly onReach?: (clusters: ReadonlySet<string>) => void
  /** Told to the peer: it is of our own cluster. The latest epoch of our records that another cluster holds. */
  readonly outdone?: SnapshotSource<number>
  /** Told by the peer: it is a router of our own cluster. Absent: the peer may not tell. */
  readonly onOutdoneEpoch?: (epoch: number) => void
  /** Shared with the peer, when it speaks of it: it is a router. Absent: the peer may not speak of it. */
  readonly topology?: TopologyHook | undefined
}

export interface DirectorySessionHandlers {
  onReady(hello: Hello): void
  onRoundTrip(ms: number): void
  /** Once, with why; also when it never became ready. */
  onClosed(error: FairleadError): void
}

/** Control session and directory replication with one peer. */
export class DirectorySession {
  readonly #session: ControlSession
  readonly #sync: DirectorySync
  readonly #trust: TrustExchange
  readonly #report: ReachReport | undefined
  readonly #outdone: OutdoneReport | undefined
  readonly #reach = new ReachAssembly()
  readonly #onReach: SharingConfig['onReach']
  readonly #onOutdone: SharingConfig['onOutdoneEpoch']
  #topology: TopologyExchange | undefined
  #closed: FairleadError | undefined
  readonly #whenClosed: Promise<FairleadError>

  constructor(
    deps: DirectorySessionDeps,
    config: DirectorySessionConfig,
    handlers: DirectorySessionHandlers,
    socket: Duplex,
  ) {
    const closed = Promise.withResolvers<FairleadError>()
    this.#whenClosed = closed.promise
    const session = new ControlSession(
      deps,
      config,
      {
        onReady: (hello) => {
          // Before the records: what a revoked cluster says is not taken any more.
          this.#trust.start()
          if (this.#closed !== undefined) return
          this.#sync.start()
          this.#report?.start()
          this.#outdone?.start()
          this.#topology = config.topology?.(hello, session)
          handlers.onReady(hello)
        },
        onMessage: (message) => this.#onMessage(message),
        onWritable: () => {
          // Short, and worth more when it is fresh.
          this.#topology?.onWritable()
          this.#sync.pump()
        },
        onRoundTrip: (ms) => {
          this.#topology?.onRoundTrip(ms)
          handlers.onRoundTrip(ms)
        },
        onClosed: (error) => {
          this.#closed = error
          this.#trust.stop()
          this.#sync.stop()
          this.#report?.stop()
          this.#outdone?.stop()
          this.#topology?.onClosed()
          handlers.onClosed(error)
          closed.resolve(error)
        },
      },
      socket,
    )
    this.#session = session
    this.#trust = new TrustExchange(session, deps.trust, config.peer, (why) => this.#revoke(why))
    this.#sync = new DirectorySync({ store: deps.store, logger: deps.logger, channel: session }, config)
    this.#report = config.reach === undefined ? undefined : new ReachReport(session, config.reach)
    this.#onReach = config.onReach
    this.#outdone = config.outdone === undefined ? undefined : new OutdoneReport(session, config.outdone)
    this.#onOutdone = config.onOutdoneEpoch
  }

  get peer(): PeerIdentity {
    return this.#session.peer
  }

  /** Resolves with why, when the session is gone. Never rejects. */
  get whenClosed(): Promise<FairleadError> {
    return this.#whenClosed
  }

  get open(): boolean {
    return this.#closed === undefined
  }

  #onMessage(message: SessionMessage): void {
    if (isTopology(message)) this.#onTopology(message)
    else if (message.type === 'reach') this.#onReachPart(message)
    else if (message.type === 'outdone') this.#onOutdoneEpoch(message)
    else if (message.type === 'trust') this.#trust.onMessage(message)
    else if (message.type === 'sources' || message.type === 'sources-applied') this.#onSources()
    else this.#sync.onMessage(message)
  }

  #onSources(): never {
    throw new ViolationError(Condition.unauthorized, 'only agents and their routers speak of sources')
  }

  #onReachPart(message: Reach): void {
    if (this.#onReach === undefined) {
      throw new ViolationError(Condition.unauthorized, 'only our own router may say whom it reaches')
    }
    const clusters = this.#reach.add(message)
    if (clusters !== undefined) this.#onReach(clusters)
  }

  #onOutdoneEpoch({ epoch }: Outdone): void {
    if (this.#onOutdone === undefined) {
      throw new ViolationError(Condition.unauthorized, 'only our own router may say that we are outdone')
    }
    this.#onOutdone(epoch)
  }

  #onTopology(message: TopologyMessage): void {
    if (this.#topology === undefined) {
      throw new ViolationError(Condition.unauthorized, 'only routers tell each other the topology')
    }
    this.#topology.onMessage(message)
  }

  #revoke(why: string): void {
    this.#session.close('revoked', new PeerRefusedError('revoked', why))
  }

  /** Says goodbye and closes. */
  close(reason: string): void {
    this.#session.close(reason)
  }
}
