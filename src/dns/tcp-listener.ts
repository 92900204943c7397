/**
 * DNS over TCP: accepts connections up to a bound and ends them in order.
 */

import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import type { Clock } from '../core/clock.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import { DnsListenError } from './errors.ts'
import { TCP_MAX_CONNECTIONS } from './limits.ts'
import type { MessageHandler } from './responder.ts'
import { TcpSession } from './tcp-session.ts'
import type { ListenConfig } from './udp-listener.ts'

export interface TcpListenerDeps {
  readonly handler: MessageHandler
  readonly log: Logger
  readonly clock: Clock
}

/** Listens once started. */
export class TcpListener implements Startable {
  readonly #deps: TcpListenerDeps
  readonly #config: ListenConfig
  readonly #server: Server
  readonly #sessions = new Set<TcpSession>()

  constructor(deps: TcpListenerDeps, config: ListenConfig) {
    this.#deps = deps
    this.#config = config
    // Half-open: a client may close its side behind its last query and still wait for the answer.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket))
    this.#server.maxConnections = TCP_MAX_CONNECTIONS
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Connections open now. */
  get connections(): number {
    return this.#sessions.size
  }

  async start(): Promise<void> {
    const { host, port } = this.#config
    const bound = Promise.withResolvers<void>()
    const fail = (error: Error): void => bound.reject(new DnsListenError(host, port, error))
    this.#server.once('error', fail)
    this.#server.listen({ host, port }, bound.resolve)
    await bound.promise
    this.#server.off('error', fail)
    this.#server.on('error', (error) =>
      this.#deps.log.warn({ error: error.message }, 'the TCP server failed'),
    )
  }

  /** Takes no new connections, lets answers in work go out, and ends. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const session of this.#sessions) session.drain()
    await closed
  }

  #accept(socket: Socket): void {
    const session = new TcpSession(this.#deps, socket)
    this.#sessions.add(session)
    socket.once('close', () => this.#sessions.delete(session))
  }
}
