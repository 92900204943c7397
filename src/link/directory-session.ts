/**
 * A control session that replicates the directory: what routers hold with each other and with their controller, whom
 * they also tell which clusters they reach.
 */
import type { Duplex } from 'node:stream'
import type { FairleadError } from '../core/errors.ts'
import type { PeerIdentity } from '../pki/identity.ts'
import { ControlSession, type ControlSessionConfig, type ControlSessionDeps } from './control-session.ts'
import type { DirectoryStore } from './directory-store.ts'
import { DirectorySync, type DirectorySyncConfig } from './directory-sync.ts'
import { Condition, ViolationError } from './errors.ts'
import type { Hello, SessionMessage } from './messages.ts'
import { ReachAssembly, ReachReport, type ReachSource } from './reach.ts'

export interface DirectorySessionDeps extends ControlSessionDeps {
  readonly store: DirectoryStore
}

/** What is shared with one peer. */
export interface SharingConfig extends DirectorySyncConfig {
  /** Told to the peer: it is our own controller. */
  readonly reach?: ReachSource
  /** Told by the peer: it is our own router. Absent: the peer may not tell. */
  readonly onReach?: (clusters: ReadonlySet<string>) => void
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
  readonly #report: ReachReport | undefined
  readonly #reach = new ReachAssembly()
  readonly #onReach: SharingConfig['onReach']
  #closed: FairleadError | undefined
  readonly #whenClosed: Promise<FairleadError>

  constructor(
    deps: DirectorySessionDeps,
    config: ControlSessionConfig & SharingConfig,
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
          this.#sync.start()
          this.#report?.start()
          handlers.onReady(hello)
        },
        onMessage: (message) => this.#onMessage(message),
        onWritable: () => this.#sync.pump(),
        onRoundTrip: (ms) => handlers.onRoundTrip(ms),
        onClosed: (error) => {
          this.#closed = error
          this.#sync.stop()
          this.#report?.stop()
          handlers.onClosed(error)
          closed.resolve(error)
        },
      },
      socket,
    )
    this.#session = session
    this.#sync = new DirectorySync({ store: deps.store, logger: deps.logger, channel: session }, config)
    this.#report = config.reach === undefined ? undefined : new ReachReport(session, config.reach)
    this.#onReach = config.onReach
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
    if (message.type !== 'reach') this.#sync.onMessage(message)
    else if (this.#onReach === undefined)
      throw new ViolationError(Condition.unauthorized, 'only our own router may say whom it reaches')
    else {
      const clusters = this.#reach.add(message)
      if (clusters !== undefined) this.#onReach(clusters)
    }
  }

  /** Says goodbye and closes. */
  close(reason: string): void {
    this.#session.close(reason)
  }
}
