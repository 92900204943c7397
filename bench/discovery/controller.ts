/** The controller as its process has it, with a directory in memory instead of a router. */
import { SYSTEM_NAMESPACE } from '../../src/api/names.ts'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import { silentLogger } from '../../src/core/log.ts'
import type { DirectoryLink } from '../../src/exporter/directory-link.ts'
import { ExportController } from '../../src/exporter/export-controller.ts'
import { RESYNC_MS } from '../../src/exporter/limits.ts'
import { allSynced, type ControllerStores, controllerStores } from '../../src/exporter/stores.ts'
import type { WatchingKubeClient } from '../../src/kube/types.ts'
import { OWN } from './clusterset.ts'
import type { Written } from './written.ts'

const SYNCED_WITHIN = 120_000

export class Controller {
  readonly #client: WatchingKubeClient
  readonly #link: DirectoryLink
  readonly #written: Written
  #resyncs: (() => void)[] = []
  #stores: ControllerStores | undefined
  #controller: ExportController | undefined

  constructor(client: WatchingKubeClient, link: DirectoryLink, written: Written) {
    this.#client = client
    this.#link = link
    this.#written = written
  }

  /** Imports that its store shows. */
  get imports(): number {
    return this.#stores?.imports.list().length ?? 0
  }

  async start(): Promise<void> {
    const deps = { client: this.#client, clock: this.#clock(), log: silentLogger }
    const stores = controllerStores(deps)
    for (const store of Object.values(stores)) await store.start()
    await allSynced(stores, AbortSignal.timeout(SYNCED_WITHIN))
    const client = this.#written.counting(this.#client)
    const events = { record: () => this.#written.event() }
    this.#controller = new ExportController(
      { ...deps, client, stores, events, link: this.#link },
      { cluster: OWN, namespace: SYSTEM_NAMESPACE },
    )
    this.#stores = stores
    await this.#controller.start()
  }

  async stop(): Promise<void> {
    await this.#controller?.stop()
    await Promise.all(Object.values(this.#stores ?? {}).map((store) => store.stop()))
    this.#resyncs = []
  }

  /** Compares everything now, which it does by itself every five minutes. */
  resync(): void {
    for (const resync of this.#resyncs) resync()
  }

  #clock(): Clock {
    const every: Clock['every'] = (ms, action) => {
      if (ms === RESYNC_MS) this.#resyncs.push(action)
      return systemClock.every(ms, action)
    }
    return { ...systemClock, every }
  }
}
