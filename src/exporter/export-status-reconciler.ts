/**
 * Tells users how their exports stand: conditions of ServiceExports and Events about them.
 */
import type { GlobalAddresses } from '../api/globalnet-feed.ts'
import type { ServiceExport } from '../api/mcs.ts'
import type { ServiceKey } from '../api/names.ts'
import { apiVersion, Resource } from '../api/resources.ts'
import type { Clock } from '../core/clock.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import type { WorkQueueHooks } from '../core/work-queue.ts'
import type { EventRecorder } from '../kube/events.ts'
import { OwnedObjects, type WritingClient } from '../kube/owned-objects.ts'
import { Reconciler, source } from '../kube/reconciler.ts'
import type { AccessView } from './access-view.ts'
import type { ClustersetView } from './clusterset-view.ts'
import { evaluateExport } from './export-record.ts'
import { type ExportSituation, exportConditions, exportNotices, heldBack } from './export-status.ts'
import { EXPORT_WORKERS, WRITE_BACKOFF } from './limits.ts'
import { clustersWithout } from './missing-namespaces.ts'
import { exportStatusAspect } from './owned-kinds.ts'
import { wantedImport } from './remembered.ts'
import { type ControllerStores, Index, keyOf, serviceOfSlice, splitKey } from './stores.ts'

/** Field manager of the status of exports. */
const EXPORTER = 'fairlead-exporter'

export interface ExportStatusDeps {
  readonly client: WritingClient
  readonly stores: ControllerStores
  readonly view: ClustersetView
  readonly access: Pick<AccessView, 'accessOf'>
  /** Records that the router has taken. */
  readonly published: SnapshotSource<ReadonlyMap<ServiceKey, unknown>>
  /** Undefined while globalnet is off. */
  readonly addresses: SnapshotSource<GlobalAddresses | undefined>
  readonly events: Pick<EventRecorder, 'record'>
  readonly clock: Clock
  readonly log: Logger
  readonly hooks?: WorkQueueHooks
}

/** Only the leader may have one that is started. The stores must be synced by then. */
export class ExportStatusReconciler implements Startable {
  readonly #deps: ExportStatusDeps
  readonly #cluster: string
  readonly #exports: OwnedObjects<ServiceExport>
  readonly #reconciler: Reconciler
  #unfollow: (() => void)[] = []

  constructor(deps: ExportStatusDeps, cluster: string) {
    this.#deps = deps
    this.#cluster = cluster
    const { client, clock, stores } = deps
    this.#exports = new OwnedObjects(
      { client, clock, store: stores.exports },
      {
        type: Resource.serviceExport,
        fieldManager: EXPORTER,
        importOf: (object) => [keyOf(object)],
        ofImport: (store, key) => [store.get(splitKey(key))].filter((found) => found !== undefined),
      },
    )
    this.#reconciler = new Reconciler(
      { ...deps, log: deps.log.child({ component: 'export-status' }) },
      {
        concurrency: EXPORT_WORKERS,
        backoff: WRITE_BACKOFF,
        sources: [
          source(stores.exports, (object) => [keyOf(object)]),
          source(stores.services, (object) => this.#exported(keyOf(object))),
          source(stores.imports, (object) => this.#exported(keyOf(object))),
          // A record that is full does not change with what it leaves out.
          source(stores.slices, (slice) => serviceOfSlice(slice).flatMap((key) => this.#exported(key))),
        ],
        reconcile: (key) => this.#reconcile(key as ServiceKey),
      },
    )
  }

  async start(): Promise<void> {
    const { view, published, addresses, stores } = this.#deps
    this.#unfollow = [
      view.subscribe(({ keys, namespaces }) => {
        this.#enqueue(keys)
        if (namespaces.size > 0) this.#enqueueIn(namespaces)
      }),
      published.subscribe((next, previous) => this.#enqueue(difference(next, previous))),
      addresses.subscribe(() => this.#enqueue(stores.exports.list().map(keyOf))),
    ]
    await this.#reconciler.start()
  }

  async stop(): Promise<void> {
    for (const unfollow of this.#unfollow) unfollow()
    this.#unfollow = []
    await this.#reconciler.stop()
    this.#exports.close()
  }

  #exported(key: ServiceKey): ServiceKey[] {
    return this.#deps.stores.exports.get(splitKey(key)) === undefined ? [] : [key]
  }

  #enqueue(keys: Iterable<ServiceKey>): void {
    for (const key of keys) for (const exported of this.#exported(key)) this.#reconciler.enqueue(exported)
  }

  #enqueueIn(namespaces: ReadonlySet<string>): void {
    for (const { metadata } of this.#deps.stores.exports.list()) {
      if (namespaces.has(metadata.namespace ?? '')) this.#reconciler.enqueue(keyOf({ metadata }))
    }
  }

  async #reconcile(key: ServiceKey): Promise<void> {
    const { stores, clock } = this.#deps
    // What the watch has shown decides whether the export exists; our own status writes only add to it.
    if (stores.exports.get(splitKey(key)) === undefined) return
    const serviceExport = this.#exports.get(splitKey(key))
    if (serviceExport === undefined || serviceExport.metadata.deletionTimestamp !== undefined) return
    const conditions = exportConditions(serviceExport, this.#situation(key, serviceExport), clock.now())
    const { name, namespace } = splitKey(key)
    const wanted: ServiceExport = { metadata: { name, namespace }, status: { conditions } }
    if (exportStatusAspect.matches(serviceExport, wanted)) return
    await this.#exports.ensure(wanted, exportStatusAspect)
    this.#tell(serviceExport, conditions)
  }

  #situation(key: ServiceKey, serviceExport: ServiceExport): ExportSituation {
    const { stores, view, published } = this.#deps
    const ref = splitKey(key)
    const slices = stores.slices.byIndex(Index.service, key)
    const existing = { import: stores.imports.get(ref), slices: stores.slices.byIndex(Index.import, key) }
    const wanted = wantedImport(view.current(), key, existing)
    const access = this.#deps.access.accessOf(key)
    const evaluation = evaluateExport(serviceExport, stores.services.get(ref), slices, access)
    const held = heldBack(key, evaluation, this.#deps.addresses.current())
    return {
      evaluation,
      ...(held === undefined ? {} : { held }),
      published: published.current().has(key),
      conflicts: wanted === undefined || wanted.unknown.length > 0 ? undefined : wanted.merged.conflicts,
      cluster: this.#cluster,
      exporters: wanted?.merged.exporters.length ?? 1,
      without: clustersWithout(view.current(), ref.namespace),
    }
  }

  #tell(serviceExport: ServiceExport, conditions: Parameters<typeof exportNotices>[1]): void {
    const regarding = {
      ...serviceExport,
      apiVersion: apiVersion(Resource.serviceExport),
      kind: Resource.serviceExport.kind,
    }
    for (const notice of exportNotices(serviceExport.status?.conditions, conditions)) {
      this.#deps.events.record(regarding, { ...notice, action: ACTION })
    }
  }
}

/** What the Events are about. */
const ACTION = 'Export'

/** Keys that are in one of the two and not in the other. */
function difference<K>(next: ReadonlyMap<K, unknown>, previous: ReadonlyMap<K, unknown>): K[] {
  return [
    ...[...next.keys()].filter((key) => !previous.has(key)),
    ...[...previous.keys()].filter((key) => !next.has(key)),
  ]
}
