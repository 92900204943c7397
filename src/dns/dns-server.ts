/**
 * One resolver at one address: UDP and TCP on the same port, with the zones it answers for.
 */
import type { Clock } from '../core/clock.ts'
import { errorCode } from '../core/errors.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import type { Metrics } from '../core/metrics.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import { Authority } from './authority.ts'
import type { Zone } from './dns-records.ts'
import { DnsStats } from './dns-stats.ts'
import { DnsListenError } from './errors.ts'
import { PORT_ATTEMPTS } from './limits.ts'
import { createResponder, type MessageHandler, type ResponderDeps } from './responder.ts'
import { type DatagramHandler, guardSources } from './source-guard.ts'
import { SourceLimits } from './source-limits.ts'
import { TcpListener } from './tcp-listener.ts'
import { type ListenConfig, UdpListener } from './udp-listener.ts'

export interface DnsServerDeps {
  readonly zones: SnapshotSource<readonly Zone[]>
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  readonly random?: () => number
  /** Asked for names outside of the zones; without it they are refused. */
  readonly outside?: ResponderDeps['outside']
}

export interface DnsServerConfig extends ListenConfig {
  /** UDP messages a second that one source may send; 0, the default, for any number. */
  readonly sourceRate?: number
}

/** Serves once started. */
export class DnsServer implements Startable {
  readonly #deps: DnsServerDeps
  readonly #config: DnsServerConfig
  readonly #authority: Authority
  readonly #stats: DnsStats
  readonly #handler: MessageHandler
  readonly #datagrams: DatagramHandler
  #listeners: { readonly udp: UdpListener; readonly tcp: TcpListener } | undefined

  constructor(deps: DnsServerDeps, config: DnsServerConfig) {
    this.#deps = deps
    this.#config = config
    this.#stats = new DnsStats(deps.metrics, deps.clock)
    this.#authority = new Authority(deps.zones, this.#stats)
    this.#handler = createResponder({
      authority: this.#authority,
      stats: this.#stats,
      log: deps.log,
      random: deps.random ?? Math.random,
      ...(deps.outside && { outside: deps.outside }),
    })
    const limits = config.sourceRate ? new SourceLimits({ perSecond: config.sourceRate }) : undefined
    this.#datagrams = limits ? this.#guarded(limits) : (message) => this.#handler(message, 'udp')
    this.#stats.observe({
      sources: () => limits?.size ?? 0,
      cachedAnswers: () => this.#authority.cached,
      tcpConnections: () => this.#listeners?.tcp.connections ?? 0,
    })
  }

  /** The port of both sockets, once started. */
  get port(): number {
    return this.#listeners?.udp.port ?? this.#config.port
  }

  async start(): Promise<void> {
    await this.#stats.start()
    this.#listeners = await this.#listen()
  }

  async stop(): Promise<void> {
    const listeners = this.#listeners
    this.#listeners = undefined
    if (listeners !== undefined) await Promise.all([listeners.udp.stop(), listeners.tcp.stop()])
    this.#authority.close()
    await this.#stats.stop()
  }

  #guarded(limits: SourceLimits): DatagramHandler {
    return guardSources({ handler: this.#handler, limits, stats: this.#stats, clock: this.#deps.clock })
  }

  /** With port 0 the kernel picks the UDP port, and TCP may find it taken: then another one is tried. */
  async #listen(): Promise<{ udp: UdpListener; tcp: TcpListener }> {
    for (let attempt = 1; ; attempt++) {
      const udp = new UdpListener({ ...this.#deps, handler: this.#datagrams }, this.#config)
      await udp.start()
      const tcp = new TcpListener(
        { ...this.#deps, handler: this.#handler, stats: this.#stats },
        { ...this.#config, port: udp.port },
      )
      try {
        await tcp.start()
        return { udp, tcp }
      } catch (error) {
        await udp.stop()
        const another = this.#config.port === 0 && attempt < PORT_ATTEMPTS && isTaken(error)
        if (!another) throw error
      }
    }
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof DnsListenError && errorCode(error.cause) === 'EADDRINUSE'
}
