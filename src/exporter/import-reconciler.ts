/**
 * Keeps the imports of this cluster equal to what the clusterset exports.
 */
import type { GlobalAddresses } from '../api/globalnet-feed.ts'
import { portKey } from '../api/merged-ports.ts'
import type { ServiceKey } from '../api/names.ts'
import type { Namespace } from '../api/objects.ts'
import { DEFAULT_TRAFFIC } from '../api/traffic-settings.ts'
import type { Cancel, Clock } from '../core/clock.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import type { WorkQueueHooks } from '../core/work-queue.ts'
import type { WritingClient } from '../kube/owned-objects.ts'
import { Reconciler, source } from '../kube/reconciler.ts'
import type { ClustersetView, ViewChange } from './clusterset-view.ts'
import { IMPORT_DEFINITION } from './import-definition.ts'
import { type ImportObjects, ImportWriter } from './import-writer.ts'
import { DEFINITION_SETTLE_MS, IMPORT_WORKERS, RESYNC_MS, WRITE_BACKOFF } from './limits.ts'
import { ListenPortLedger } from './listen-port-ledger.ts'
import { carriedPorts } from './listen-ports.ts'
import { portClaims } from './port-claims.ts'
import { rememberedClusters, type WantedImport, wantedImport } from './remembered.ts'
import { portsInTurn, remoteEndpoints } from './remote-endpoints.ts'
import {
  type ControllerStores,
  Index,
  importOfService,
  importOfSlice,
  isLiveNamespace,
  keyOf,
  serviceOfSlice,
  splitKey,
} from './stores.ts'
import { changedSettings, type Traffic } from './traffic-view.ts'

export interface ImportReconcilerDeps {
  readonly client: WritingClient
  readonly stores: ControllerStores
  readonly view: ClustersetView
  readonly routers: SnapshotSource<readonly string[]>
  readonly traffic: SnapshotSource<Traffic>
  /** Clusters that have been out of reach for long. */
  readonly stale: SnapshotSource<ReadonlySet<string>>
  /** Clusters that were revoked: nothing is remembered of them. */
  readonly gone: SnapshotSource<ReadonlySet<string>>
  /** This cluster leaves: it remembers nobody. */
  readonly leaving: SnapshotSource<boolean>
  /** Of our exports; undefined while globalnet is off. */
  readonly addresses: SnapshotSource<GlobalAddresses | undefined>
  readonly clock: Clock
  readonly log: Logger
  readonly hooks?: WorkQueueHooks
}

/** Only the leader may have one that is started. The stores must be synced by then. */
export class ImportReconciler implements Startable {
  readonly #deps: ImportReconcilerDeps
  readonly #cluster: string
  readonly #writer: ImportWriter
  readonly #reconciler: Reconciler
  #ledger = new ListenPortLedger()
  /** Clusters that imports remembered when this controller began: what is written there later is not taken for theirs. */
  readonly #remembered = new Map<ServiceKey, ReadonlySet<string>>()
  #unfollow: (() => void)[] = []
  #cancelResync: Cancel = () => {}
  #cancelSettled: Cancel = () => {}

  constructor(deps: ImportReconcilerDeps, cluster: string) {
    this.#deps = deps
    this.#cluster = cluster
    this.#writer = new ImportWriter(deps)
    const log = deps.log.child({ component: 'imports' })
    this.#reconciler = new Reconciler(
      { ...deps, log },
      {
        concurrency: IMPORT_WORKERS,
        backoff: WRITE_BACKOFF,
        sources: this.#sources(),
        reconcile: (key) => this.#reconcile(key as ServiceKey),
      },
    )
  }

  /** Router ports that imports own. */
  get listenPorts(): number {
    return this.#ledger.size
  }

  async start(): Promise<void> {
    const { view, routers, traffic, stale, gone, leaving, clock, stores } = this.#deps
    this.#ledger = new ListenPortLedger(portClaims(stores.services.list()))
    for (const object of stores.imports.list()) {
      const key = keyOf(object)
      this.#remembered.set(key, new Set(rememberedClusters(this.#writer.read(key))))
    }
    this.#unfollow = [
      view.subscribe((change) => this.#viewChanged(change)),
      routers.subscribe(() => this.#enqueue(stores.imports.list().map(keyOf))),
      traffic.subscribe((next, previous) => this.#enqueue(changedSettings(next, previous))),
      stale.subscribe((next, previous) => this.#enqueueImportsOf(symmetricDifference(next, previous))),
      gone.subscribe((next) => this.#enqueueImportsOf(next)),
      leaving.subscribe(() => this.#enqueue(stores.imports.list().map(keyOf))),
      stores.definitions.subscribe(() => this.#definitionChanged()),
    ]
    this.#cancelResync = clock.every(RESYNC_MS, () => this.#resync())
    this.#enqueue(view.keys())
    await this.#reconciler.start()
  }

  async stop(): Promise<void> {
    this.#cancelResync()
    this.#cancelSettled()
    for (const unfollow of this.#unfollow) unfollow()
    this.#unfollow = []
    await this.#reconciler.stop()
    this.#writer.close()
  }

  /** Everything that an import is made from, and what it is made of. */
  #sources() {
    const { stores } = this.#deps
    return [
      source(stores.imports, (object) => [keyOf(object)]),
      source(stores.services, (service) => [
        ...importOfService(service),
        ...this.#exported([keyOf(service)]),
      ]),
      source(stores.slices, (slice) => [...importOfSlice(slice), ...this.#exported(serviceOfSlice(slice))]),
      source(stores.namespaces, (namespace) => this.#keysIn(namespace)),
    ]
  }

  /** Most Services are not exported: their changes concern no import. */
  #exported(keys: readonly ServiceKey[]): ServiceKey[] {
    return keys.filter((key) => this.#deps.stores.exports.get(splitKey(key)) !== undefined)
  }

  #keysIn({ metadata }: Namespace): ServiceKey[] {
    return [...this.#deps.view.keys()].filter((key) => splitKey(key).namespace === metadata.name)
  }

  #enqueue(keys: Iterable<ServiceKey>): void {
    for (const key of keys) this.#reconciler.enqueue(key)
  }

  #resync(): void {
    this.#enqueue(this.#deps.view.keys())
    this.#reconciler.resync()
  }

  /** The API server itself may take up the new schema a moment after it tells of it. */
  #definitionChanged(): void {
    const { stores, clock } = this.#deps
    this.#enqueue(stores.imports.list().map(keyOf))
    this.#cancelSettled()
    this.#cancelSettled = clock.after(DEFINITION_SETTLE_MS, () =>
      this.#enqueue(stores.imports.list().map(keyOf)),
    )
  }

  #viewChanged({ keys, appeared, properties, blocks }: ViewChange): void {
    this.#enqueue(blocks ? this.#deps.view.keys() : keys)
    if (properties) this.#enqueue(this.#deps.view.selecting())
    if (appeared.length === 0) return
    this.#enqueueImportsOf(new Set(appeared))
  }

  /** The imports that these clusters have a part in. */
  #enqueueImportsOf(clusters: ReadonlySet<string>): void {
    const concerned = this.#deps.stores.imports
      .list()
      .filter(({ status }) => status?.clusters?.some(({ cluster }) => clusters.has(cluster)))
    this.#enqueue(concerned.map(keyOf))
  }

  async #reconcile(key: ServiceKey): Promise<void> {
    // Rule 20: without the namespace there is no import; its end takes everything in it along.
    if (!isLiveNamespace(this.#deps.stores.namespaces, splitKey(key).namespace))
      return this.#ledger.release(key)
    const found = this.#writer.read(key)
    const remembered = this.#remembered.get(key)
    const isBelieved = (cluster: string) => remembered?.has(cluster) === true && !this.#isOut(cluster)
    const viewer = { cluster: this.#cluster, isBelieved, owns: this.#deps.view.owners() }
    const wanted = wantedImport(this.#deps.view.current(), key, found, viewer)
    if (wanted !== undefined) return await this.#write(key, wanted, found)
    await this.#writer.remove(found)
    this.#remembered.delete(key)
    this.#ledger.release(key)
  }

  /** It was revoked, or we leave. */
  #isOut(cluster: string): boolean {
    const { gone, leaving } = this.#deps
    return leaving.current() || gone.current().has(cluster)
  }

  async #write(key: ServiceKey, { merged }: WantedImport, found: ImportObjects): Promise<void> {
    const { stores, routers, traffic, addresses } = this.#deps
    const stale = this.#deps.stale.current()
    const endpoints = remoteEndpoints(merged, this.#cluster)
    const ports =
      merged.type === 'Headless'
        ? portsInTurn(endpoints, this.#ledger.portsOf(key))
        : carriedPorts(merged.ports).map(portKey)
    await this.#writer.write(found, {
      merged,
      cluster: this.#cluster,
      listenPorts: this.#ledger.assign(key, ports),
      endpoints,
      local: {
        service: stores.services.get(splitKey(key)),
        slices: stores.slices.byIndex(Index.service, key),
      },
      traffic: traffic.current().settings.get(key) ?? DEFAULT_TRAFFIC,
      rankOf: this.#deps.view.rankOf(merged),
      globalnet: addresses.current() !== undefined,
      routers: routers.current(),
      stale,
      facts: {
        stale,
        routers: routers.current(),
        statesSlices: stores.definitions.get({ name: IMPORT_DEFINITION })?.statesSlices === true,
      },
    })
  }
}

/** What is in one of the two only. */
function symmetricDifference<T>(left: ReadonlySet<T>, right: ReadonlySet<T>): Set<T> {
  return new Set(
    [...left].filter((each) => !right.has(each)).concat([...right].filter((each) => !left.has(each))),
  )
}
