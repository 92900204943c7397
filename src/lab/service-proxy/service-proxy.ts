/** Keeps a node's nftables rules equal to its cluster's Services: one transaction a change, and only on change. */
import type { EndpointSlice, Service } from '../../api/objects.ts'
import { Backoff } from '../../core/backoff.ts'
import type { Cancel, Clock } from '../../core/clock.ts'
import { describeError } from '../../core/errors.ts'
import type { Startable } from '../../core/lifecycle.ts'
import type { Logger } from '../../core/log.ts'
import { Snapshot, type SnapshotSource } from '../../core/snapshot.ts'
import type { Store } from '../../kube/types.ts'
import { APPLY_BACKOFF, APPLY_DELAY } from './limits.ts'
import { buildServiceTable, type ServiceTable, type ServiceTableConfig } from './service-table.ts'

/** Puts a table into force. */
export interface TableDriver {
  apply(table: ServiceTable): Promise<void>
}

export interface ServiceProxyDeps {
  readonly services: Store<Service>
  readonly endpointSlices: Store<EndpointSlice>
  readonly driver: TableDriver
  readonly clock: Clock
  readonly log: Logger
}

/** Its snapshot is the table in force. */
export class ServiceProxy implements Startable {
  readonly #deps: ServiceProxyDeps
  readonly #config: ServiceTableConfig
  readonly #table = new Snapshot<ServiceTable | undefined>(undefined)
  readonly #backoff = new Backoff(APPLY_BACKOFF)
  #unsubscribe: (() => void)[] = []
  #cancelTimer: Cancel | undefined
  #applying = false
  #changed = false

  constructor(deps: ServiceProxyDeps, config: ServiceTableConfig) {
    this.#deps = deps
    this.#config = config
  }

  /** The table in force; undefined before the first. */
  get table(): SnapshotSource<ServiceTable | undefined> {
    return this.#table
  }

  async start(): Promise<void> {
    const { services, endpointSlices } = this.#deps
    this.#unsubscribe = [services, endpointSlices].map((store) =>
      store.subscribe(() => this.#soon(APPLY_DELAY)),
    )
    this.#soon(0)
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#unsubscribe = []
    this.#cancelTimer?.()
  }

  /** Changes that come together are applied together. */
  #soon(delay: number): void {
    this.#changed = true
    if (this.#applying || this.#cancelTimer !== undefined) return
    this.#cancelTimer = this.#deps.clock.after(delay, () => {
      this.#cancelTimer = undefined
      void this.#apply()
    })
  }

  async #apply(): Promise<void> {
    const { services, endpointSlices } = this.#deps
    if (!services.synced || !endpointSlices.synced) return this.#soon(APPLY_DELAY)
    this.#applying = true
    this.#changed = false
    const delay = await this.#applyTable(
      buildServiceTable(services.list(), endpointSlices.list(), this.#config),
    )
    this.#applying = false
    if (this.#changed || delay > 0) this.#soon(delay)
  }

  /** Gives the milliseconds to wait before trying again; 0 when it worked. */
  async #applyTable(table: ServiceTable): Promise<number> {
    const present = this.#table.current()
    if (present !== undefined && JSON.stringify(present) === JSON.stringify(table)) return 0
    try {
      await this.#deps.driver.apply(table)
      this.#table.set(table)
      this.#backoff.reset()
      return 0
    } catch (error) {
      this.#deps.log.error({ error: describeError(error) }, 'cannot apply the rules of Services')
      return this.#backoff.next()
    }
  }
}
