/**
 * A control session that replicates the directory: what routers hold with each other and with their controller.
 */
import type { Duplex } from 'node:stream'
import type { FairleadError } from '../core/errors.ts'
import type { PeerIdentity } from '../pki/identity.ts'
import { ControlSession, type ControlSessionConfig, type ControlSessionDeps } from './control-session.ts'
import type { DirectoryStore } from './directory-store.ts'
import { DirectorySync, type DirectorySyncConfig } from './directory-sync.ts'
import type { Hello } from './messages.ts'

export interface DirectorySessionDeps extends ControlSessionDeps {
  readonly store: DirectoryStore
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
  #closed: FairleadError | undefined
  readonly #whenClosed: Promise<FairleadError>

  constructor(
    deps: DirectorySessionDeps,
    config: ControlSessionConfig & DirectorySyncConfig,
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
          handlers.onReady(hello)
        },
        onMessage: (message) => this.#sync.onMessage(message),
        onWritable: () => this.#sync.pump(),
        onRoundTrip: (ms) => handlers.onRoundTrip(ms),
        onClosed: (error) => {
          this.#closed = error
          this.#sync.stop()
          handlers.onClosed(error)
          closed.resolve(error)
        },
      },
      socket,
    )
    this.#session = session
    this.#sync = new DirectorySync({ store: deps.store, logger: deps.logger, channel: session }, config)
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

  /** Says goodbye and closes. */
  close(reason: string): void {
    this.#session.close(reason)
  }
}
