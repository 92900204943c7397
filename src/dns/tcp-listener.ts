/**
 * DNS over TCP: accepts connections up to a bound, in all and of each source, and ends them in order.
 */

import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import type { Clock } from '../core/clock.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import type { DnsStats } from './dns-stats.ts'
import { DnsListenError } from './errors.ts'
import { TCP_MAX_CONNECTIONS, TCP_MAX_PER_SOURCE } from './limits.ts'
import type { MessageHandler } from './responder.ts'
import { SourcePrefixes } from './source-prefix.ts'
import { TcpSession } from './tcp-session.ts'
import type { ListenConfig } from './udp-listener.ts'

export interface TcpListenerDeps {
  readonly handler: MessageHandler
  readonly log: Logger
  readonly clock: Clock
  readonly stats: Pick<DnsStats, 'turnedAway'>
}

/** Listens once started. */
export class TcpListener implements Startable {
  readonly #deps: TcpListenerDeps
  readonly #config: ListenConfig
  readonly #server: Server
  readonly #sessions = new Set<TcpSession>()
  readonly #prefixes = new SourcePrefixes(TCP_MAX_CONNECTIONS)
  /** Connections by source; a source without any is not in it. */
  readonly #bySource = new Map<string, number>()

  constructor(deps: TcpListenerDeps, config: ListenConfig) {
    this.#deps = deps
    this.#config = config
    // Half-open: a client may close its side behind its last query and still wait for the answer.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket))
    this.#server.maxConnections = TCP_MAX_CONNECTIONS
    this.#server.on('drop', () => deps.stats.turnedAway('all'))
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
    // A client that is gone already has no address.
    if (socket.remoteAddress === undefined) return void socket.destroy()
    const source = this.#prefixes.of(socket.remoteAddress)
    const count = this.#bySource.get(source) ?? 0
    if (count >= TCP_MAX_PER_SOURCE) {
      this.#deps.stats.turnedAway('source')
      return void socket.destroy()
    }
    this.#bySource.set(source, count + 1)
    const session = new TcpSession(this.#deps, socket)
    this.#sessions.add(session)
    socket.once('close', () => this.#forget(session, source))
  }

  #forget(session: TcpSession, source: string): void {
    this.#sessions.delete(session)
    const left = (this.#bySource.get(source) ?? 0) - 1
    if (left > 0) this.#bySource.set(source, left)
    else this.#bySource.delete(source)
  }
}
