/**
 * Tells users what became of their ServicePolicies: conditions, the exports they hold for, and Events. What was refused
 * is counted by the routers.
 */
import type { ServiceKey } from '../api/names.ts'
import { apiVersion, Resource } from '../api/resources.ts'
import type { ServicePolicy } from '../api/service-policy.ts'
import type { Clock } from '../core/clock.ts'
import { sameValue } from '../core/compare.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import type { WorkQueueHooks } from '../core/work-queue.ts'
import type { EventRecorder } from '../kube/events.ts'
import { OwnedObjects, type WritingClient } from '../kube/owned-objects.ts'
import { Reconciler, source } from '../kube/reconciler.ts'
import { accessNotices, accessStatus } from './access-status.ts'
import type { Access } from './access-view.ts'
import type { Notice } from './export-status.ts'
import { POLICY_WORKERS, WRITE_BACKOFF } from './limits.ts'
import { accessStatusAspect } from './owned-kinds.ts'
import { RefusalEvents } from './refusal-events.ts'
import { type ControllerStores, keyOf, splitKey } from './stores.ts'

/** Field manager of what the controller says in the status. */
const ACCESS = 'fairlead-access'

export interface AccessStatusDeps {
  readonly client: WritingClient
  readonly stores: ControllerStores
  readonly access: SnapshotSource<Access>
  readonly events: Pick<EventRecorder, 'record'>
  readonly clock: Clock
  readonly log: Logger
  readonly hooks?: WorkQueueHooks
}

/** Only the leader may have one that is started. The stores must be synced by then. */
export class AccessStatusReconciler implements Startable {
  readonly #deps: AccessStatusDeps
  readonly #policies: OwnedObjects<ServicePolicy>
  readonly #reconciler: Reconciler
  readonly #refusals: RefusalEvents
  #unfollow: () => void = () => {}

  constructor(deps: AccessStatusDeps) {
    this.#deps = deps
    const { client, clock, stores } = deps
    this.#policies = new OwnedObjects(
      { client, clock, store: stores.servicePolicies },
      { type: Resource.servicePolicy, fieldManager: ACCESS },
    )
    this.#refusals = new RefusalEvents({
      policies: stores.servicePolicies,
      clock,
      tell: (policy, notice) => this.#tell(policy, notice, 'Refuse'),
    })
    this.#reconciler = new Reconciler(
      { ...deps, log: deps.log.child({ component: 'access-status' }) },
      {
        concurrency: POLICY_WORKERS,
        backoff: WRITE_BACKOFF,
        sources: [source(stores.servicePolicies, (object) => [keyOf(object)])],
        reconcile: (key) => this.#reconcile(key as ServiceKey),
      },
    )
  }

  async start(): Promise<void> {
    this.#unfollow = this.#deps.access.subscribe((next, previous) => {
      for (const [key, outcome] of next.outcomes)
        if (!sameValue(previous.outcomes.get(key), outcome)) this.#reconciler.enqueue(key)
    })
    await this.#refusals.start()
    await this.#reconciler.start()
  }

  async stop(): Promise<void> {
    this.#unfollow()
    await this.#reconciler.stop()
    await this.#refusals.stop()
    this.#policies.close()
  }

  async #reconcile(key: ServiceKey): Promise<void> {
    const { stores, access, clock } = this.#deps
    const ref = splitKey(key)
    // What the watch has shown decides whether the policy exists; our own status writes only add to it.
    const stored = stores.servicePolicies.get(ref)
    const policy = this.#policies.get(ref)
    const outcome = access.current().outcomes.get(key)
    if (stored === undefined || policy === undefined || outcome === undefined) return
    // An edit is read at the end of the turn, and then looked at again.
    if (outcome.generation !== policy.metadata.generation) return
    const status = accessStatus(policy, outcome, clock.now())
    const wanted: ServicePolicy = { metadata: ref, status }
    if (accessStatusAspect.matches(policy, wanted)) return
    await this.#policies.ensure(wanted, accessStatusAspect)
    for (const notice of accessNotices(policy.status?.conditions, status.conditions ?? []))
      this.#tell(policy, notice, 'Accept')
  }

  #tell(policy: ServicePolicy, notice: Notice, action: string): void {
    const type = Resource.servicePolicy
    const regarding = { ...policy, apiVersion: apiVersion(type), kind: type.kind }
    this.#deps.events.record(regarding, { ...notice, action })
  }
}
