/**
 * One listening TCP port of the router. A port that cannot be bound is tried again until it can, or is closed.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { ListenerSpec } from '../api/route-snapshot.ts'
import { Backoff } from '../core/backoff.ts'
import type { Cancel, Clock } from '../core/clock.ts'
import { errorCode } from '../core/errors.ts'
import type { Logger } from '../core/log.ts'
import { FLOW_SOCKET_OPTIONS } from './flow-socket.ts'
import { BIND_RETRY, LISTEN_BACKLOG } from './limits.ts'

export interface ListenerDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly accept: (spec: ListenerSpec, socket: Socket) => void
}

/** Listens from `open` to `close`. */
export class Listener {
  /** May be replaced by one of the same port. */
  spec: ListenerSpec
  readonly #deps: ListenerDeps
  readonly #host: string
  readonly #log: Logger
  readonly #backoff = new Backoff(BIND_RETRY)
  #server: Server | undefined
  #retry: Cancel | undefined
  #failure: string | undefined

  constructor(deps: ListenerDeps, host: string, spec: ListenerSpec) {
    this.#deps = deps
    this.#host = host
    this.spec = spec
    this.#log = deps.log.child({ service: spec.service, port: spec.port, listenPort: spec.listenPort })
  }

  /** Why the port is not bound; undefined while it is, or is about to be for the first time. */
  get failure(): string | undefined {
    return this.#failure
  }

  /** The bound port; undefined while it is not. */
  get boundPort(): number | undefined {
    const address = this.#server?.address() as AddressInfo | null | undefined
    return address?.port
  }

  open(): void {
    const server = createServer(FLOW_SOCKET_OPTIONS, (socket) => this.#deps.accept(this.spec, socket))
    this.#server = server
    server.on('listening', () => this.#bound())
    server.on('error', (error) => this.#failed(server, error))
    server.listen({ port: this.spec.listenPort, host: this.#host, backlog: LISTEN_BACKLOG })
  }

  /** New connections are refused from now on; accepted ones are not touched. */
  close(): void {
    this.#retry?.()
    this.#retry = undefined
    this.#server?.close()
    this.#server = undefined
  }

  #bound(): void {
    if (this.#failure !== undefined) this.#log.info({}, 'listener is bound after all')
    this.#failure = undefined
    this.#backoff.reset()
  }

  #failed(server: Server, error: Error): void {
    if (server !== this.#server) return
    const code = errorCode(error) ?? error.message
    if (server.listening) this.#log.warn({ err: code }, 'a connection could not be accepted')
    else this.#retryBind(code)
  }

  #retryBind(code: string): void {
    if (code !== this.#failure) this.#log.error({ err: code }, 'listener cannot be bound, trying again')
    this.#failure = code
    this.#retry = this.#deps.clock.after(this.#backoff.next(), () => this.open())
  }
}
