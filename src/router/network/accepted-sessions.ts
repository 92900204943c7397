/**
 * Control sessions that others opened to us: routers of other clusters, our own controller, and agents of our cluster.
 */
import type { TLSSocket } from 'node:tls'
import { describeError, type FairleadError } from '../../core/errors.ts'
import type { ControlSessionConfig } from '../../link/control-session.ts'
import {
  DirectorySession,
  type DirectorySessionDeps,
  type DirectorySessionHandlers,
  type SharingConfig,
} from '../../link/directory-session.ts'
import { PeerRefusedError, ViolationError } from '../../link/errors.ts'
import { ACCEPTED_HELLO_TIMEOUT_MS } from '../../link/limits.ts'
import type { Hello } from '../../link/messages.ts'
import type { AdmittedPeer } from '../../link/peer-chain.ts'
import { SourceSession } from '../../link/source-session.ts'
import { type PeerIdentity, Role } from '../../pki/identity.ts'
import type { SourceAgents } from './source-agents.ts'

export interface AcceptedSessionsConfig extends Pick<ControlSessionConfig, 'hello' | 'heartbeat'> {
  readonly syncWith: (peer: PeerIdentity) => SharingConfig
  /** Absent: agents are refused. */
  readonly agents: SourceAgents | undefined
  /** Told why each session ended; `id` is that of the process, once it has said hello. */
  readonly onClosed: (peer: PeerIdentity, id: string | undefined, error: FairleadError) => void
}

type AcceptedSession = Pick<DirectorySession, 'peer' | 'whenClosed' | 'close'>

/**
 * Holds them until they close. A process that connects again replaces its own older session; not with a router that
 * drains: it looks for another one then, and its flows go on here.
 */
export class AcceptedSessions {
  readonly #deps: DirectorySessionDeps
  readonly #config: AcceptedSessionsConfig
  readonly #all = new Set<AcceptedSession>()
  /** By cluster, role and the id the process gave in its hello. */
  readonly #byProcess = new Map<string, AcceptedSession>()
  #draining = false

  constructor(deps: DirectorySessionDeps, config: AcceptedSessionsConfig) {
    this.#deps = deps
    this.#config = config
  }

  get size(): number {
    return this.#all.size
  }

  /** Takes an authenticated socket. Throws PeerRefusedError when it is an agent's and there is nothing to tell it. */
  add(socket: TLSSocket, peer: AdmittedPeer): void {
    const address = socket.remoteAddress ?? ''
    let id: string | undefined
    const handlers = {
      onReady: (theirs: Hello) => {
        id = theirs.id
        this.#onReady(session, theirs, address)
      },
      onClosed: (error: FairleadError) => {
        this.#onClosed(session, address, error)
        this.#config.onClosed(peer, id, error)
      },
    }
    const session = this.#open(socket, peer, handlers)
    this.#all.add(session)
  }

  #open(
    socket: TLSSocket,
    peer: AdmittedPeer,
    handlers: Pick<DirectorySessionHandlers, 'onReady' | 'onClosed'>,
  ): AcceptedSession {
    const { hello, heartbeat, syncWith, agents } = this.#config
    const config = {
      side: 'acceptor',
      hello,
      heartbeat,
      helloTimeoutMs: ACCEPTED_HELLO_TIMEOUT_MS,
      peer,
    } as const
    if (peer.role !== Role.agent) {
      const session = { ...handlers, onRoundTrip: () => {} }
      return new DirectorySession(this.#deps, { ...config, ...syncWith(peer) }, session, socket)
    }
    if (agents === undefined) throw new PeerRefusedError('role', 'this router has no global addresses')
    const agent = agents.handler()
    const both = {
      onReady: (theirs: Hello) => {
        handlers.onReady(theirs)
        agent.onReady(theirs)
      },
      onClosed: (error: FairleadError) => {
        agent.onClosed()
        handlers.onClosed(error)
      },
    }
    return new SourceSession(this.#deps, config, agent.role, both, socket)
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

  #onReady(session: AcceptedSession, hello: Hello, address: string): void {
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

  #onClosed(session: AcceptedSession, address: string, error: FairleadError): void {
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
