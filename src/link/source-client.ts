/**
 * The agent's sessions with all routers of its cluster: which source ports of theirs stand for which global addresses.
 * Knows nothing of how a node translates.
 */
import { randomUUID } from 'node:crypto'
import { isIPv6 } from 'node:net'
import type { SourceSlot, SourceTable } from '../api/global-source.ts'
import type { Clock } from '../core/clock.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import type { Metrics } from '../core/metrics.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import type { PeerIdentity } from '../pki/identity.ts'
import { heartbeatOf } from './heartbeat.ts'
import { AGENT_KEEP_ALIVE_MS, MAX_SOURCE_ROUTERS } from './limits.ts'
import { MessageCodec } from './message-codec.ts'
import { PROTOCOL } from './messages.ts'
import { type ReceivedVersion, type RouterAddress, SourceRouter } from './source-router.ts'
import type { TlsFiles } from './tls-files.ts'

export interface SourceClientDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  readonly random?: () => number
  /** Started and stopped with the client. While there are no credentials it waits for them. */
  readonly tls: TlsFiles
  /** All routers of our cluster, ready or not. Of two with one address the later one counts; IPv6 ones are passed over. */
  readonly routers: SnapshotSource<readonly RouterAddress[]>
}

export interface SourceClientConfig {
  /** Software version, for the routers' logs. */
  readonly version: string
}

/** Keeps a session to each router for as long as it is listed; what it told last stays while there is none. */
export class SourceClient implements Startable {
  readonly #deps: SourceClientDeps
  readonly #config: SourceClientConfig
  readonly #tls: TlsFiles
  readonly #codec = new MessageCodec()
  readonly #id = randomUUID()
  /** By address. */
  readonly #routers = new Map<string, SourceRouter>()
  readonly #table = new Snapshot<SourceTable>(new Map())
  /** What each list of slots was told as, so that it can be acknowledged. */
  readonly #received = new WeakMap<readonly SourceSlot[], ReceivedVersion>()
  #unfollow: (() => void) | undefined
  #begun: Promise<void> = Promise.resolve()
  #stopped = false
  /** Those that are no longer listed, until they have said goodbye. */
  readonly #leaving = new Set<Promise<void>>()

  constructor(deps: SourceClientDeps, config: SourceClientConfig) {
    this.#deps = deps
    this.#config = config
    this.#tls = deps.tls
    deps.metrics.observe(
      'fairlead_agent_router_sessions',
      'Routers of the cluster that have told their source ports over the session that stands',
      () => [...this.#routers.values()].filter(({ current }) => current).length,
    )
    deps.metrics.observe(
      'fairlead_agent_source_slots',
      'Slots of source ports that stand for global addresses',
      () => [...this.#table.current().values()].reduce((sum, { length }) => sum + length, 0),
    )
  }

  /** What the routers have told last. Each change is a new table. */
  get sources(): SnapshotSource<SourceTable> {
    return this.#table
  }

  /** Who we are, by our certificate. Throws UsageError while there is none. */
  get identity(): PeerIdentity {
    return this.#tls.current().identity
  }

  /** Routers whose slots may be out of date, or were never told: there is no session, or it has not told them yet. */
  get missing(): string[] {
    return [...this.#routers.values()].filter(({ current }) => !current).map(({ name }) => name)
  }

  /** The node translates by `table`: those routers are told so whose list is the very one that `sources` gave. */
  applied(table: SourceTable): void {
    for (const slots of table.values()) {
      const received = this.#received.get(slots)
      received?.router.applied(received.session, received.version)
    }
  }

  /** Starts to connect, as soon as there is a certificate. */
  async start(): Promise<void> {
    await this.#tls.start()
    this.#begun = this.#tls.whenPresent.then(
      () => this.#begin(),
      () => {}, // Stopped before.
    )
  }

  /** What is waited for before anything is connected, in words. */
  notReady(): string[] {
    return this.#tls.notReady()
  }

  #begin(): void {
    if (this.#stopped) return
    this.#unfollow = this.#deps.routers.subscribe((routers) => this.#follow(routers))
    this.#follow(this.#deps.routers.current())
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#tls.stop()
    await this.#begun
    this.#unfollow?.()
    this.#unfollow = undefined
    for (const router of this.#routers.values()) this.#leave(router)
    await Promise.all(this.#leaving)
  }

  #follow(listed: readonly RouterAddress[]): void {
    const wanted = this.#within(
      new Map(listed.filter(({ host }) => !isIPv6(host)).map((each) => [each.host, each])),
    )
    for (const [host, router] of this.#routers) {
      if (wanted.has(host) && router.isAt(wanted.get(host))) continue
      this.#routers.delete(host)
      this.#leave(router)
    }
    for (const [host, address] of wanted) if (!this.#routers.has(host)) this.#join(address)
    this.#publish()
  }

  #within(wanted: Map<string, RouterAddress>): Map<string, RouterAddress> {
    if (wanted.size <= MAX_SOURCE_ROUTERS) return wanted
    this.#deps.logger.error({ routers: wanted.size, followed: MAX_SOURCE_ROUTERS }, 'too many routers')
    return new Map([...wanted].slice(0, MAX_SOURCE_ROUTERS))
  }

  #join(address: RouterAddress): void {
    const { cluster, role } = this.identity
    const { version } = this.#config
    const keepAliveMs = AGENT_KEEP_ALIVE_MS
    const router = new SourceRouter(
      { ...this.#deps, codec: this.#codec, tls: this.#tls, onChange: () => this.#publish() },
      {
        address,
        hello: { type: 'hello', id: this.#id, cluster, role, version, protocol: PROTOCOL, keepAliveMs },
        heartbeat: heartbeatOf(keepAliveMs),
      },
    )
    this.#routers.set(address.host, router)
    router.start()
  }

  #leave(router: SourceRouter): void {
    const left = router.stop()
    this.#leaving.add(left)
    void left.then(() => this.#leaving.delete(left))
  }

  #publish(): void {
    const table = new Map<string, readonly SourceSlot[]>()
    for (const [host, { slots, received }] of this.#routers) {
      // Nothing told yet is not the same as no slots: an earlier agent of the node may have written some.
      if (received === undefined) continue
      table.set(host, slots)
      this.#received.set(slots, received)
    }
    this.#table.set(table)
  }
}
