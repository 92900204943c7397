/**
 * One router of the agent's cluster: the session with it, made again for ever, and the slots that it told last.
 */
import type { SourceSlot } from '../api/global-source.ts'
import type { Clock } from '../core/clock.ts'
import { describeError } from '../core/errors.ts'
import type { Logger } from '../core/log.ts'
import { type PeerIdentity, Role } from '../pki/identity.ts'
import { LinkLostError, PeerRefusedError } from './errors.ts'
import type { HeartbeatConfig } from './heartbeat.ts'
import { type AttemptOutcome, keepConnected } from './keep-connected.ts'
import { dialReady, type ReadySession } from './link-session.ts'
import type { MessageCodec } from './message-codec.ts'
import type { Hello } from './messages.ts'
import { SourceSession } from './source-session.ts'
import { SourcesAssembly } from './sources.ts'
import type { TlsFiles } from './tls-files.ts'

/** A router of our cluster. */
export interface RouterAddress {
  /** Of its pod. */
  readonly name: string
  /** Its IPv4 address, in text: what a source table names it by. */
  readonly host: string
  /** Of its links. */
  readonly port: number
}

export interface SourceRouterDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly random?: () => number
  readonly codec: MessageCodec
  readonly tls: TlsFiles
  /** `slots` is another. */
  readonly onChange: () => void
}

export interface SourceRouterConfig {
  readonly address: RouterAddress
  readonly hello: Hello
  readonly heartbeat: HeartbeatConfig
}

/** A version that came over a session, which alone can acknowledge it. */
export interface ReceivedVersion {
  readonly router: SourceRouter
  readonly session: object
  readonly version: number
}

export class SourceRouter {
  readonly #deps: SourceRouterDeps
  readonly #config: SourceRouterConfig
  readonly #stopping = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #session: SourceSession | undefined
  #slots: readonly SourceSlot[] = []
  /** What `#slots` are of. */
  #received: ReceivedVersion | undefined
  /** The last version of this session that was acknowledged. */
  #acknowledged = -1

  constructor(deps: SourceRouterDeps, config: SourceRouterConfig) {
    this.#deps = deps
    this.#config = config
  }

  get name(): string {
    return this.#config.address.name
  }

  /** What it told last; nothing while it never did. */
  get slots(): readonly SourceSlot[] {
    return this.#slots
  }

  get received(): ReceivedVersion | undefined {
    return this.#received
  }

  /** The session that stands has told the slots. */
  get current(): boolean {
    return this.#session !== undefined && this.#received?.session === this.#session
  }

  isAt(address: RouterAddress | undefined): boolean {
    const { name, host, port } = this.#config.address
    return name === address?.name && host === address.host && port === address.port
  }

  start(): void {
    const { name, host } = this.#config.address
    this.#running = keepConnected(
      this.#deps,
      () => this.#attempt(),
      (error, ms) =>
        this.#deps.logger.warn(
          { router: name, address: host, error: describeError(error), retryInMs: Math.round(ms) },
          'no session to a router',
        ),
      this.#stopping.signal,
    )
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new LinkLostError('stopping'))
    await this.#running
  }

  /** The node translates by that version. Of a session that is gone it need not be told: the next one tells all anew. */
  applied(session: object, version: number): void {
    if (session !== this.#session || version <= this.#acknowledged) return
    this.#acknowledged = version
    this.#session.tellApplied(version)
  }

  async #attempt(): Promise<AttemptOutcome> {
    let dialled: ReadySession<SourceSession>
    try {
      dialled = await this.#dial()
    } catch (error) {
      return { error, stoodMs: 0 }
    }
    const { clock, logger } = this.#deps
    const { name, host } = this.#config.address
    const since = clock.monotonic()
    logger.info({ router: name, address: host, version: dialled.hello.version }, 'connected to a router')
    const error = await this.#untilClosed(dialled.session)
    return { error, stoodMs: clock.monotonic() - since }
  }

  #dial(): Promise<ReadySession<SourceSession>> {
    const { clock, codec, logger, tls } = this.#deps
    const { hello, heartbeat, address } = this.#config
    return dialReady(
      { clock, tls },
      {
        requirePeer: (peer) => this.#requireOwnRouter(peer),
        create: (socket, peer, handlers) => {
          const session: SourceSession = new SourceSession(
            { clock, codec, logger },
            { side: 'dialer', hello, heartbeat, peer },
            { onSources: this.#receiver(() => session) },
            handlers,
            socket,
          )
          return session
        },
      },
      { endpoint: { host: address.host, port: address.port } },
      this.#stopping.signal,
    )
  }

  /** Takes what one session tells. */
  #receiver(session: () => SourceSession) {
    const assembly = new SourcesAssembly()
    return (message: Parameters<SourcesAssembly['add']>[0]): void => {
      this.#slots = assembly.add(message)
      this.#begin(session())
      this.#received = { router: this, session: session(), version: message.version }
      this.#deps.onChange()
    }
  }

  /** The first message may be here before whoever dialled has been told that the session is ready. */
  #begin(session: SourceSession): void {
    if (this.#session === session) return
    this.#session = session
    this.#acknowledged = -1
  }

  async #untilClosed(session: SourceSession): Promise<unknown> {
    const { signal } = this.#stopping
    const onAbort = () => session.close('the agent no longer needs it')
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
    const error = await session.whenClosed
    signal.removeEventListener('abort', onAbort)
    this.#session = undefined
    return error
  }

  #requireOwnRouter(peer: PeerIdentity): void {
    const { cluster } = this.#deps.tls.current().identity
    if (peer.role === Role.router && peer.cluster === cluster) return
    throw new PeerRefusedError('wrong-cluster', `${peer.role} of cluster ${peer.cluster} is not our router`)
  }
}
