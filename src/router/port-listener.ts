/**
 * One listening port of the router, whatever its protocol. A port that cannot be bound is tried again until it can, or
 * is closed.
 */
import type { ListenerSpec } from '../api/route-snapshot.ts'
import { Backoff } from '../core/backoff.ts'
import type { Cancel, Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import { BIND_RETRY } from './limits.ts'

export interface PortListenerDeps {
  readonly clock: Clock
  readonly log: Logger
}

/** Listens from `open` to `close`. */
export abstract class PortListener {
  /** May be replaced by one of the same port. */
  spec: ListenerSpec
  protected readonly host: string
  protected readonly log: Logger
  readonly #clock: Clock
  readonly #backoff = new Backoff(BIND_RETRY)
  #retry: Cancel | undefined
  #failure: string | undefined

  constructor({ clock, log }: PortListenerDeps, host: string, spec: ListenerSpec) {
    this.#clock = clock
    this.host = host
    this.spec = spec
    this.log = log.child({ service: spec.service, port: spec.port, listenPort: spec.listenPort })
  }

  /** Why the port is not bound; undefined while it is, or is about to be for the first time. */
  get failure(): string | undefined {
    return this.#failure
  }

  /** The bound port; undefined while it is not. */
  abstract get boundPort(): number | undefined

  /** Clients that are here would lose what they have if it were closed. */
  abstract get busy(): boolean

  open(): void {
    this.bind()
  }

  /** New clients are refused from now on. */
  close(): void {
    this.#retry?.()
    this.#retry = undefined
    this.unbind()
  }

  protected abstract bind(): void

  protected abstract unbind(): void

  protected bound(): void {
    if (this.#failure !== undefined) this.log.info({}, 'listener is bound after all')
    this.#failure = undefined
    this.#backoff.reset()
  }

  protected bindFailed(code: string): void {
    if (code !== this.#failure) this.log.error({ err: code }, 'listener cannot be bound, trying again')
    this.#failure = code
    this.#retry = this.#clock.after(this.#backoff.next(), () => this.bind())
  }
}
