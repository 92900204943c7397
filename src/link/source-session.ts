/**
 * A control session between a router and an agent of its cluster: which source ports stand for which global addresses,
 * and that the agent's node translates by them. It carries nothing else: no directory, no topology.
 */
import type { Duplex } from 'node:stream'
import type { FairleadError } from '../core/errors.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import type { PeerIdentity } from '../pki/identity.ts'
import { ControlSession, type ControlSessionConfig, type ControlSessionDeps } from './control-session.ts'
import { Condition, ViolationError } from './errors.ts'
import type { Hello, SessionMessage, Sources, SourcesApplied } from './messages.ts'
import { type AnnouncedSources, SourcesReport } from './sources.ts'

/** What one side does. */
export type SourceRole =
  | {
      /** A router: tells these. */
      readonly sources: SnapshotSource<AnnouncedSources>
      /** The agent's node translates by that version. */
      readonly onApplied: (version: number) => void
    }
  | {
      /** An agent: is told. May throw ViolationError. */
      readonly onSources: (sources: Sources) => void
    }

export interface SourceSessionHandlers {
  onReady(hello: Hello): void
  /** Once, with why; also when it never became ready. */
  onClosed(error: FairleadError): void
}

export class SourceSession {
  readonly #session: ControlSession
  readonly #role: SourceRole
  readonly #report: SourcesReport | undefined
  readonly #whenClosed: Promise<FairleadError>

  constructor(
    deps: ControlSessionDeps,
    config: ControlSessionConfig,
    role: SourceRole,
    handlers: SourceSessionHandlers,
    socket: Duplex,
  ) {
    const closed = Promise.withResolvers<FairleadError>()
    this.#whenClosed = closed.promise
    this.#role = role
    this.#session = new ControlSession(
      deps,
      config,
      {
        onReady: (hello) => {
          handlers.onReady(hello)
          this.#report?.start()
        },
        onMessage: (message) => this.#onMessage(message),
        onWritable: () => {},
        onRoundTrip: () => {},
        onClosed: (error) => {
          this.#report?.stop()
          handlers.onClosed(error)
          closed.resolve(error)
        },
      },
      socket,
    )
    this.#report = 'sources' in role ? new SourcesReport(this.#session, role.sources) : undefined
  }

  get peer(): PeerIdentity {
    return this.#session.peer
  }

  /** Resolves with why, when the session is gone. Never rejects. */
  get whenClosed(): Promise<FairleadError> {
    return this.#whenClosed
  }

  /** Says goodbye and closes. */
  close(reason: string): void {
    this.#session.close(reason)
  }

  /** The agent's side: its node translates by that version. */
  tellApplied(version: number): void {
    this.#session.send({ type: 'sources-applied', version })
  }

  #onMessage(message: SessionMessage): void {
    const role = this.#role
    if (message.type === 'sources' && 'onSources' in role) role.onSources(message)
    else if (message.type === 'sources-applied' && 'onApplied' in role)
      this.#onApplied(message, role.onApplied)
    else throw new ViolationError(Condition.unauthorized, `a ${this.peer.role} may not send ${message.type}`)
  }

  #onApplied({ version }: SourcesApplied, onApplied: (version: number) => void): void {
    const told = this.#report?.told
    if (told === undefined || version > told)
      throw new ViolationError(Condition.invalidField, `version ${version} of sources was never told`)
    onApplied(version)
  }
}
