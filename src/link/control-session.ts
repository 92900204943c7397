/**
 * One authenticated peer on a control connection: hello both ways, heartbeats and round trip, then directory messages.
 */
import type { Duplex } from 'node:stream'
import type { Cancel, Clock } from '../core/clock.ts'
import type { FairleadError } from '../core/errors.ts'
import type { Logger } from '../core/log.ts'
import type { PeerIdentity } from '../pki/identity.ts'
import { ControlChannel, type Side } from './control-channel.ts'
import type { DirectoryChannel } from './directory-sync.ts'
import { Condition, LinkLostError, PeerRefusedError, PeerSilentError, ViolationError } from './errors.ts'
import { type HeartbeatConfig, heartbeatOf, SilenceDetector } from './heartbeat.ts'
import { HELLO_TIMEOUT_MS, MAX_WAITING_MESSAGES } from './limits.ts'
import type { MessageCodec } from './message-codec.ts'
import { type ControlMessage, type Hello, negotiate, type SessionMessage } from './messages.ts'

export interface ControlSessionDeps {
  readonly clock: Clock
  readonly codec: MessageCodec
  readonly logger: Logger
}

export interface ControlSessionConfig {
  readonly side: Side
  /** What we say of ourselves. */
  readonly hello: Hello
  /** Who the peer's certificate says it is. */
  readonly peer: PeerIdentity
  readonly heartbeat: HeartbeatConfig
  /** Until both hellos; default HELLO_TIMEOUT_MS. */
  readonly helloTimeoutMs?: number
}

export interface ControlSessionHandlers {
  /** Both hellos are in order. */
  onReady(hello: Hello): void
  onMessage(message: SessionMessage): void
  /** Directory messages may be sent (again). */
  onWritable(): void
  onRoundTrip(ms: number): void
  /** Once, also when the session never became ready. */
  onClosed(error: FairleadError): void
}

type State =
  | { readonly kind: 'greeting'; readonly deadline: Cancel }
  | { readonly kind: 'ready'; readonly heartbeat: Cancel }
  | { readonly kind: 'closed' }

/** A control session from the moment the socket is authenticated until it is gone. */
export class ControlSession implements DirectoryChannel {
  readonly #deps: ControlSessionDeps
  readonly #config: ControlSessionConfig
  readonly #handlers: ControlSessionHandlers
  readonly #channel: ControlChannel
  #heartbeat: HeartbeatConfig
  #silence: SilenceDetector
  /** Small messages for which the peer has not given credit yet. */
  readonly #waiting: { readonly message: ControlMessage; readonly onAccepted?: () => void }[] = []
  #state: State
  #ping = { id: 0, sentAt: 0 }

  constructor(
    deps: ControlSessionDeps,
    config: ControlSessionConfig,
    handlers: ControlSessionHandlers,
    socket: Duplex,
  ) {
    this.#deps = deps
    this.#config = config
    this.#handlers = handlers
    this.#heartbeat = config.heartbeat
    this.#silence = new SilenceDetector(config.heartbeat)
    this.#state = {
      kind: 'greeting',
      deadline: deps.clock.after(config.helloTimeoutMs ?? HELLO_TIMEOUT_MS, () =>
        this.#onSilence('said no hello'),
      ),
    }
    this.#channel = new ControlChannel(deps.clock, socket, config.side, config.hello.id, {
      onMessage: (bytes) => this.#onMessage(deps.codec.decode(bytes)),
      onWritable: () => this.#onWritable(),
      onClosed: (error) => this.#onClosed(error),
    })
    this.#sendSoon(config.hello)
  }

  get peer(): PeerIdentity {
    return this.#config.peer
  }

  /** The peer has credit for directory messages. */
  get writable(): boolean {
    return this.#state.kind === 'ready' && this.#channel.writable && this.#waiting.length === 0
  }

  /** Sends a message; small ones may be sent without asking `writable` and wait. */
  send(message: SessionMessage, onAccepted?: () => void): void {
    this.#sendSoon(message, onAccepted)
  }

  /** Says goodbye and closes; `cause` is what our own side is told. */
  close(reason: string, cause: FairleadError = new LinkLostError(`closed here: ${reason}`)): void {
    if (this.#state.kind === 'closed') return
    this.#sendSoon({ type: 'goodbye', reason })
    this.#channel.close(cause)
  }

  /** Ends the session over a peer's fault found above this layer. */
  fail(error: FairleadError, condition: Condition = Condition.notAllowed): void {
    this.#channel.close(error, condition)
  }

  #onMessage(message: ControlMessage): void {
    if (this.#state.kind === 'greeting') this.#onFirst(message)
    else if (this.#state.kind === 'ready') this.#onNext(message)
  }

  #onFirst(message: ControlMessage): void {
    if (message.type === 'goodbye') throw goodbyeError(message.reason)
    if (message.type !== 'hello')
      throw new ViolationError(Condition.notAllowed, `${message.type} before hello`)
    const { peer, hello } = this.#config
    if (message.id === hello.id)
      throw new ViolationError(Condition.notAllowed, 'we are connected with ourselves')
    if (message.cluster !== peer.cluster || message.role !== peer.role) {
      throw new ViolationError(Condition.unauthorized, 'hello and certificate name different owners')
    }
    if (negotiate(hello.protocol, message.protocol) === undefined) {
      this.#refuseVersion(message)
      return
    }
    this.#becomeReady(message)
  }

  #becomeReady(hello: Hello): void {
    if (this.#state.kind === 'greeting') this.#state.deadline()
    this.#agree(hello)
    const heartbeat = this.#deps.clock.every(this.#heartbeat.intervalMs, () => this.#beat())
    this.#state = { kind: 'ready', heartbeat }
    this.#handlers.onReady(hello)
  }

  /** Who dials knows the line. */
  #agree({ keepAliveMs }: Hello): void {
    if (this.#config.side !== 'acceptor' || keepAliveMs === undefined) return
    this.#heartbeat = heartbeatOf(keepAliveMs)
    this.#silence = new SilenceDetector(this.#heartbeat)
  }

  #onNext(message: ControlMessage): void {
    switch (message.type) {
      case 'hello':
        throw new ViolationError(Condition.notAllowed, 'a second hello')
      case 'ping':
        this.#sendSoon({ type: 'pong', id: message.id })
        break
      case 'pong':
        this.#onPong(message.id)
        break
      case 'goodbye':
        this.#channel.close(goodbyeError(message.reason))
        break
      default:
        this.#handlers.onMessage(message)
    }
  }

  #refuseVersion(theirs: Hello): void {
    const range = ({ min, max }: Hello['protocol']) => `${min} to ${max}`
    const reason = `no common protocol version: ${range(this.#config.hello.protocol)} here, ${range(theirs.protocol)} there`
    this.#sendSoon({ type: 'goodbye', reason })
    this.#channel.close(new PeerRefusedError('version', reason), Condition.notAllowed)
  }

  #beat(): void {
    if (this.#silence.beat(this.#channel.bytesRead)) {
      this.#onSilence(`was silent for ${this.#heartbeat.deadMs} ms`)
      return
    }
    this.#ping = { id: this.#ping.id + 1, sentAt: this.#deps.clock.monotonic() }
    this.#sendSoon({ type: 'ping', id: this.#ping.id })
  }

  #onPong(id: number): void {
    if (id === this.#ping.id) this.#handlers.onRoundTrip(this.#deps.clock.monotonic() - this.#ping.sentAt)
  }

  #onSilence(what: string): void {
    this.#channel.destroy(new PeerSilentError(`the peer ${what}`))
  }

  #sendSoon(message: ControlMessage, onAccepted?: () => void): void {
    if (this.#waiting.length === 0 && this.#channel.writable) {
      this.#channel.send(this.#deps.codec.encode(message), onAccepted)
      return
    }
    this.#waiting.push(onAccepted === undefined ? { message } : { message, onAccepted })
    if (this.#waiting.length > MAX_WAITING_MESSAGES) {
      this.#channel.destroy(new LinkLostError('the peer stopped taking messages'))
    }
  }

  #onWritable(): void {
    while (this.#channel.writable) {
      const next = this.#waiting.shift()
      if (next === undefined) break
      this.#channel.send(this.#deps.codec.encode(next.message), next.onAccepted)
    }
    if (this.writable) this.#handlers.onWritable()
  }

  #onClosed(error: FairleadError): void {
    if (this.#state.kind === 'greeting') this.#state.deadline()
    if (this.#state.kind === 'ready') this.#state.heartbeat()
    this.#state = { kind: 'closed' }
    this.#handlers.onClosed(error)
  }
}

function goodbyeError(reason: string): LinkLostError {
  return new LinkLostError(`the peer said goodbye: ${reason}`)
}
