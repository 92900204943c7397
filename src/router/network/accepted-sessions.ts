/**
 * Control sessions that others opened to us: routers of other clusters and our own controller.
 */
import type { TLSSocket } from 'node:tls'
import { describeError, type FairleadError } from '../../core/errors.ts'
import type { ControlSessionConfig } from '../../link/control-session.ts'
import {
  DirectorySession,
  type DirectorySessionDeps,
  type SharingConfig,
} from '../../link/directory-session.ts'
import { ViolationError } from '../../link/errors.ts'
import { ACCEPTED_HELLO_TIMEOUT_MS } from '../../link/limits.ts'
import type { Hello } from '../../link/messages.ts'
import type { PeerIdentity } from '../../pki/identity.ts'

export interface AcceptedSessionsConfig extends Pick<ControlSessionConfig, 'hello' | 'heartbeat'> {
  readonly syncWith: (peer: PeerIdentity) => SharingConfig
  /** Told why each session ended; `id` is that of the process, once it has said hello. */
  readonly onClosed: (peer: PeerIdentity, id: string | undefined, error: FairleadError) => void
}

/**
 * Holds them until they close. A process that connects again replaces its own older session; not with a router that
 * drains: it looks for another one then, and its flows go on here.
 */
export class AcceptedSessions {
  readonly #deps: DirectorySessionDeps
  readonly #config: AcceptedSessionsConfig
  readonly #all = new Set<DirectorySession>()
  /** By cluster, role and the id the process gave in its hello. */
  readonly #byProcess = new Map<string, DirectorySession>()
  #draining = false

  constructor(deps: DirectorySessionDeps, config: AcceptedSessionsConfig) {
    this.#deps = deps
    this.#config = config
  }

  get size(): number {
    return this.#all.size
  }

  /** Takes an authenticated socket. */
  add(socket: TLSSocket, peer: PeerIdentity): void {
    const { hello, heartbeat, syncWith } = this.#config
    const address = socket.remoteAddress ?? ''
    let id: string | undefined
    const session = new DirectorySession(
      this.#deps,
      {
        side: 'acceptor',
        hello,
        heartbeat,
        helloTimeoutMs: ACCEPTED_HELLO_TIMEOUT_MS,
        peer,
        ...syncWith(peer),
      },
      {
        onReady: (theirs) => {
          id = theirs.id
          this.#onReady(session, theirs, address)
        },
        onRoundTrip: () => {},
        onClosed: (error) => {
          this.#onClosed(session, address, error)
          this.#config.onClosed(peer, id, error)
        },
      },
      socket,
    )
    this.#all.add(session)
  }

  /** From now on the sessions there are stay. */
  drain(): void {
    this.#draining = true
  }

  /** Says goodbye to all; resolves when they are gone. */
  async closeAll(reason: string): Promise<void> {
    const all = [...this.#all]
    for (const session of all) session.close(reason)
    await Promise.all(all.map((session) => session.whenClosed))
  }

  #onReady(session: DirectorySession, hello: Hello, address: string): void {
    const { cluster, role, id, version } = hello
    this.#deps.logger.info({ cluster, role, id, version, address }, 'control session accepted')
    const key = processKey(hello)
    if (this.#draining && this.#byProcess.has(key)) {
      session.close('the router takes no new flows, and has a session of this process')
      return
    }
    this.#byProcess.get(key)?.close('replaced by a newer session of the same process')
    this.#byProcess.set(key, session)
    void session.whenClosed.then(() => this.#byProcess.get(key) === session && this.#byProcess.delete(key))
  }

  #onClosed(session: DirectorySession, address: string, error: FairleadError): void {
    this.#all.delete(session)
    const { cluster, role } = session.peer
    const fields = { cluster, role, address, error: describeError(error) }
    if (error instanceof ViolationError) this.#deps.logger.warn(fields, 'peer broke the protocol')
    else this.#deps.logger.info(fields, 'control session ended')
  }
}

function processKey({ cluster, role, id }: Hello): string {
  return `${cluster} ${role} ${id}`
}
