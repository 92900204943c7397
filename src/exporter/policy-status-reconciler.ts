/**
 * Tells users what became of their TrafficPolicies: conditions, the clusters that are chosen now, and Events.
 */
import type { ServiceKey } from '../api/names.ts'
import { serviceKey } from '../api/names.ts'
import { apiVersion, Resource } from '../api/resources.ts'
import type { PolicyService, TrafficPolicy } from '../api/traffic-policy.ts'
import { DEFAULT_TRAFFIC } from '../api/traffic-settings.ts'
import type { Clock } from '../core/clock.ts'
import { sameValue } from '../core/compare.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import type { WorkQueueHooks } from '../core/work-queue.ts'
import type { EventRecorder } from '../kube/events.ts'
import { OwnedObjects, type WritingClient } from '../kube/owned-objects.ts'
import { Reconciler, source } from '../kube/reconciler.ts'
import type { ClustersetView } from './clusterset-view.ts'
import { POLICY_STATUS_SERVICES, POLICY_WORKERS, WRITE_BACKOFF } from './limits.ts'
import { policyStatusAspect } from './owned-kinds.ts'
import { activeClusters, policyNotices, policyStatus } from './policy-status.ts'
import { wantedImport } from './remembered.ts'
import { type ControllerStores, Index, keyOf, splitKey } from './stores.ts'
import type { PolicyOutcome } from './traffic-assignment.ts'
import type { Traffic } from './traffic-view.ts'

/** Field manager of the status of policies. */
const TRAFFIC = 'fairlead-traffic'

/** What the Events are about. */
const ACTION = 'Accept'

export interface PolicyStatusDeps {
  readonly client: WritingClient
  readonly stores: ControllerStores
  readonly view: ClustersetView
  readonly traffic: SnapshotSource<Traffic>
  /** Clusters that have been out of reach for long. */
  readonly stale: SnapshotSource<ReadonlySet<string>>
  readonly events: Pick<EventRecorder, 'record'>
  readonly clock: Clock
  readonly log: Logger
  readonly hooks?: WorkQueueHooks
}

/** Only the leader may have one that is started. The stores must be synced by then. */
export class PolicyStatusReconciler implements Startable {
  readonly #deps: PolicyStatusDeps
  readonly #cluster: string
  readonly #policies: OwnedObjects<TrafficPolicy>
  readonly #reconciler: Reconciler
  /** Which policy decides about which service. */
  #deciding: ReadonlyMap<ServiceKey, ServiceKey> = new Map()
  #unfollow: (() => void)[] = []

  constructor(deps: PolicyStatusDeps, cluster: string) {
    this.#deps = deps
    this.#cluster = cluster
    const { client, clock, stores } = deps
    this.#policies = new OwnedObjects(
      { client, clock, store: stores.policies },
      {
        type: Resource.trafficPolicy,
        fieldManager: TRAFFIC,
        importOf: (object) => [keyOf(object)],
        ofImport: (store, key) => [store.get(splitKey(key))].filter((found) => found !== undefined),
      },
    )
    this.#reconciler = new Reconciler(
      { ...deps, log: deps.log.child({ component: 'policy-status' }) },
      {
        concurrency: POLICY_WORKERS,
        backoff: WRITE_BACKOFF,
        sources: [
          source(stores.policies, (object) => [keyOf(object)]),
          source(stores.imports, (object) => this.#deciderOf(keyOf(object))),
        ],
        reconcile: (key) => this.#reconcile(key as ServiceKey),
      },
    )
  }

  async start(): Promise<void> {
    const { view, traffic, stale } = this.#deps
    this.#deciding = decidersOf(traffic.current())
    this.#unfollow = [
      view.subscribe(({ keys, properties }) => {
        const concerned = properties ? [...keys, ...view.selecting()] : [...keys]
        this.#enqueue(concerned.flatMap((key) => this.#deciderOf(key)))
      }),
      traffic.subscribe((next, previous) => this.#trafficChanged(next, previous)),
      stale.subscribe(() => this.#enqueue(this.#deciding.values())),
    ]
    await this.#reconciler.start()
  }

  async stop(): Promise<void> {
    for (const unfollow of this.#unfollow) unfollow()
    this.#unfollow = []
    await this.#reconciler.stop()
    this.#policies.close()
  }

  #trafficChanged(next: Traffic, previous: Traffic): void {
    this.#deciding = decidersOf(next)
    const outcomes = [...next.outcomes]
    // The same outcome with other settings may choose other clusters; those who lost tell of the winner.
    const changed = outcomes.filter(
      ([key, outcome]) =>
        !sameValue(previous.outcomes.get(key), outcome) ||
        this.#settingsChanged(key, outcome, next, previous),
    )
    this.#enqueue(changed.map(([key]) => key))
  }

  #settingsChanged(key: ServiceKey, outcome: PolicyOutcome, next: Traffic, previous: Traffic): boolean {
    return servicesOf(key, outcome).some(
      (service) => next.settings.get(service) !== previous.settings.get(service),
    )
  }

  #deciderOf(service: ServiceKey): ServiceKey[] {
    const policy = this.#deciding.get(service)
    return policy === undefined ? [] : [policy]
  }

  #enqueue(keys: Iterable<ServiceKey>): void {
    for (const key of keys) this.#reconciler.enqueue(key)
  }

  async #reconcile(key: ServiceKey): Promise<void> {
    const { stores, traffic, clock } = this.#deps
    // What the watch has shown decides whether the policy exists; our own status writes only add to it.
    const stored = stores.policies.get(splitKey(key))
    const policy = this.#policies.get(splitKey(key))
    const outcome = traffic.current().outcomes.get(key)
    if (stored === undefined || policy === undefined || outcome === undefined) return
    // An edit is read at the end of the turn, and then looked at again.
    if (outcome.generation !== policy.metadata.generation) return
    const status = policyStatus(policy, outcome, this.#services(key, outcome), clock.now())
    const { name, namespace } = splitKey(key)
    const wanted: TrafficPolicy = { metadata: { name, namespace }, status }
    if (policyStatusAspect.matches(policy, wanted)) return
    await this.#policies.ensure(wanted, policyStatusAspect)
    this.#tell(policy, status)
  }

  /** The imported ones, with the clusters that are chosen for them. */
  #services(key: ServiceKey, outcome: PolicyOutcome): PolicyService[] {
    return servicesOf(key, outcome)
      .flatMap((service) => {
        const clusters = this.#clustersFor(service)
        return clusters === undefined ? [] : [{ name: splitKey(service).name, clusters }]
      })
      .slice(0, POLICY_STATUS_SERVICES)
  }

  #clustersFor(service: ServiceKey): string[] | undefined {
    const { stores, view, traffic, stale } = this.#deps
    const existing = {
      import: stores.imports.get(splitKey(service)),
      slices: stores.slices.byIndex(Index.import, service),
    }
    if (existing.import === undefined) return undefined
    const wanted = wantedImport(view.current(), service, existing, { cluster: this.#cluster })
    if (wanted === undefined || wanted.merged.type === 'Headless') return undefined
    const settings = traffic.current().settings.get(service) ?? DEFAULT_TRAFFIC
    const { merged } = wanted
    const choice = { traffic: settings, cluster: this.#cluster, stale: stale.current() }
    return activeClusters(merged, { ...choice, rankOf: view.rankOf(merged) })
  }

  #tell(policy: TrafficPolicy, { conditions = [] }: NonNullable<TrafficPolicy['status']>): void {
    const type = Resource.trafficPolicy
    const regarding = { ...policy, apiVersion: apiVersion(type), kind: type.kind }
    for (const notice of policyNotices(policy.status?.conditions, conditions)) {
      this.#deps.events.record(regarding, { ...notice, action: ACTION })
    }
  }
}

/** The services that a policy decides about. */
function servicesOf(policy: ServiceKey, outcome: PolicyOutcome): ServiceKey[] {
  if (outcome.kind === 'invalid') return []
  const { namespace } = splitKey(policy)
  return outcome.services.map((name) => serviceKey(namespace, name))
}

function decidersOf({ outcomes }: Traffic): Map<ServiceKey, ServiceKey> {
  return new Map(
    [...outcomes].flatMap(([policy, outcome]) =>
      servicesOf(policy, outcome).map((service) => [service, policy] as const),
    ),
  )
}
