/**
 * What the leading controller of a cluster does: publishes exports, reports on them and on policies, keeps imports.
 */
import { isTrue } from '../api/conditions.ts'
import type { ExportCandidate, GlobalnetFeed } from '../api/globalnet-feed.ts'
import { ExportCondition, type ServiceExport } from '../api/mcs.ts'
import type { TrustFacts } from '../api/service-record.ts'
import type { Clock } from '../core/clock.ts'
import { Lifecycle, type Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import type { WorkQueueHooks } from '../core/work-queue.ts'
import type { EventRecorder } from '../kube/events.ts'
import type { WritingClient } from '../kube/owned-objects.ts'
import { AccessStatusReconciler } from './access-status-reconciler.ts'
import { AccessView, changedAccess } from './access-view.ts'
import { AddressedRecords } from './addressed-records.ts'
import { OwnProperties } from './cluster-properties.ts'
import { ClustersetView } from './clusterset-view.ts'
import type { DirectoryLink } from './directory-link.ts'
import { exportCandidate } from './export-candidate.ts'
import type { ExportFigures } from './export-metrics.ts'
import { ExportStatusReconciler } from './export-status-reconciler.ts'
import { ExportedServices } from './exported-services.ts'
import { ImportReconciler } from './import-reconciler.ts'
import { leaving } from './leaving.ts'
import { STALE_AFTER_MS } from './limits.ts'
import { OriginPublisher } from './origin-publisher.ts'
import { OwnFacts } from './own-facts.ts'
import { PolicyStatusReconciler } from './policy-status-reconciler.ts'
import { RouterAddresses } from './router-addresses.ts'
import { StaleClusters } from './stale-clusters.ts'
import { type ControllerStores, keyOf } from './stores.ts'
import { TrafficView } from './traffic-view.ts'

export interface ExportControllerDeps {
  readonly client: WritingClient
  /** Synced. */
  readonly stores: ControllerStores
  readonly link: DirectoryLink
  readonly events: Pick<EventRecorder, 'record'>
  readonly clock: Clock
  readonly log: Logger
  readonly hooks?: WorkQueueHooks
  /** Absent: this cluster cannot have globalnet. */
  readonly globalnet?: GlobalnetFeed
  /** What the cluster tells of its certificates. */
  readonly trustFacts?: SnapshotSource<TrustFacts>
}

export interface ExportControllerConfig {
  /** This cluster's id. */
  readonly cluster: string
  /** Where the routers are. */
  readonly namespace: string
  /** How long a cluster may be out of reach before its endpoints give way, milliseconds. */
  readonly staleAfterMs?: number
}

/** One term of leadership: made when elected, stopped when the lease is lost, not started twice. */
export class ExportController implements Startable {
  readonly #stores: ControllerStores
  readonly #records: AddressedRecords
  readonly #imports: ImportReconciler
  readonly #stale: StaleClusters
  readonly #parts: Lifecycle

  constructor(deps: ExportControllerDeps, config: ExportControllerConfig) {
    const { cluster, namespace, staleAfterMs: graceMs = STALE_AFTER_MS } = config
    const { stores, link, globalnet, trustFacts: trust } = deps
    this.#stores = stores
    const access = new AccessView(stores)
    const exported = new ExportedServices<ExportCandidate>(stores, (serviceExport, ...of) =>
      exportCandidate(serviceExport, ...of, access.accessOf(keyOf(serviceExport))),
    )
    const candidates = exported.values
    const addresses = globalnet?.addresses ?? new Snapshot(undefined)
    const leaves = leaving(trust)
    this.#records = new AddressedRecords({ candidates, addresses, leaving: leaves })
    const records = this.#records.values
    const global = globalnet === undefined ? {} : { block: globalnet.block, ownersOf: globalnet.ownersOf }
    const routers = new RouterAddresses(stores.slices, namespace)
    const ownProperties = new OwnProperties({ ...stores, log: deps.log })
    const properties = ownProperties.current
    const view = new ClustersetView(
      { directory: link.directory, records, properties, leaving: leaves, ...global },
      cluster,
    )
    const facts = new OwnFacts({ view, namespaces: stores.namespaces, properties, trust, ...global })
    const publisher = new OriginPublisher({ ...deps, records, facts: facts.current }, cluster)
    const policies = new TrafficView(stores)
    const { traffic } = policies
    this.#stale = new StaleClusters({ ...deps, view, reachable: link.reachable }, { cluster, graceMs })
    const stale = this.#stale.clusters
    this.#imports = new ImportReconciler(
      {
        ...deps,
        view,
        traffic,
        stale,
        gone: link.gone,
        leaving: leaves,
        addresses,
        routers: routers.addresses,
      },
      cluster,
    )
    const status = new ExportStatusReconciler(
      { ...deps, view, access, published: publisher.published, addresses },
      cluster,
    )
    const accessStatus = new AccessStatusReconciler({ ...deps, access: access.access })
    const policyStatus = new PolicyStatusReconciler({ ...deps, view, traffic, stale }, cluster)
    this.#parts = new Lifecycle([
      // Before the exports: none is told of without its policies.
      access,
      exported,
      following(access, exported),
      // Before the first record is told: an address that was recorded must not be missing from it.
      ...(globalnet === undefined ? [] : [globalnet.following(candidates)]),
      this.#records,
      ownProperties,
      view,
      routers,
      policies,
      this.#stale,
      facts,
      publisher,
      this.#imports,
      status,
      policyStatus,
      accessStatus,
    ])
  }

  get figures(): ExportFigures {
    return {
      exports: this.#records.values.current().size,
      overruled: this.#stores.exports.list().filter(isOverruled).length,
      staleClusters: this.#stale.clusters.current().size,
      listenPorts: this.#imports.listenPorts,
    }
  }

  start(): Promise<void> {
    return this.#parts.start()
  }

  stop(): Promise<void> {
    return this.#parts.stop()
  }
}

/** Exports are looked at again when their policies change. */
function following({ access }: AccessView, exported: ExportedServices<ExportCandidate>): Startable {
  let unfollow = () => {}
  return {
    async start() {
      unfollow = access.subscribe((next, previous) => exported.touch(changedAccess(next, previous)))
    },
    async stop() {
      unfollow()
    },
  }
}

function isOverruled({ status }: ServiceExport): boolean {
  return isTrue(status?.conditions, ExportCondition.overruled)
}
