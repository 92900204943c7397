/**
 * Tells of refused flows in Events, out of what routers write to the status of ServicePolicies: at most one about each
 * policy and cluster in a minute, however many flows there were.
 */
import type { PolicyRefusals, ServicePolicy } from '../api/service-policy.ts'
import type { Cancel, Clock } from '../core/clock.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Store, StoreEvent } from '../kube/types.ts'
import { refusalNotice } from './access-status.ts'
import type { Notice } from './export-status.ts'
import { DENIAL_EVENT_LOOK_MS, DENIAL_EVENT_MS, DENIAL_EVENTS_MAX } from './limits.ts'
import { keyOf } from './stores.ts'

export interface RefusalEventsDeps {
  readonly policies: Store<ServicePolicy>
  readonly clock: Clock
  readonly tell: (policy: ServicePolicy, notice: Notice) => void
}

interface Told {
  /** Refusals that were told of, or that were there before. */
  readonly count: number
  /** Monotonic. */
  readonly at: number
}

/** What was refused before `start` is told by nobody. The store must be synced by then. */
export class RefusalEvents implements Startable {
  readonly #deps: RefusalEventsDeps
  /** By policy and cluster; those not told of for longest make room. */
  readonly #told = new Map<string, Told>()
  /** Policies with refusals that wait for their minute. */
  readonly #waiting = new Map<string, ServicePolicy>()
  #unfollow: () => void = () => {}
  #cancel: Cancel = () => {}

  constructor(deps: RefusalEventsDeps) {
    this.#deps = deps
  }

  async start(): Promise<void> {
    const { policies, clock } = this.#deps
    const at = Number.NEGATIVE_INFINITY
    for (const policy of policies.list())
      for (const { cluster, count } of policy.status?.refusals ?? [])
        this.#remember(told(policy, cluster), { count, at })
    this.#unfollow = policies.subscribe((event) => this.#changed(event))
    this.#cancel = clock.every(DENIAL_EVENT_LOOK_MS, () => this.#lookAgain())
  }

  async stop(): Promise<void> {
    this.#unfollow()
    this.#cancel()
  }

  #changed({ type, object }: StoreEvent<ServicePolicy>): void {
    this.#waiting.delete(keyOf(object))
    if (type !== 'deleted') this.#look(object)
    else for (const { cluster } of object.status?.refusals ?? []) this.#told.delete(told(object, cluster))
  }

  #lookAgain(): void {
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const policy of waiting) this.#look(policy)
  }

  #look(policy: ServicePolicy): void {
    for (const refusals of policy.status?.refusals ?? []) this.#tell(policy, refusals)
  }

  #tell(policy: ServicePolicy, refusals: PolicyRefusals): void {
    const key = told(policy, refusals.cluster)
    const last = this.#told.get(key)
    if (refusals.count <= (last?.count ?? 0)) return
    const now = this.#deps.clock.monotonic()
    if (last !== undefined && now - last.at < DENIAL_EVENT_MS) {
      this.#waiting.set(keyOf(policy), policy)
      return
    }
    this.#remember(key, { count: refusals.count, at: now })
    this.#deps.tell(policy, refusalNotice(refusals))
  }

  #remember(key: string, entry: Told): void {
    this.#told.delete(key)
    const oldest = this.#told.keys().next().value
    if (oldest !== undefined && this.#told.size >= DENIAL_EVENTS_MAX) this.#told.delete(oldest)
    this.#told.set(key, entry)
  }
}

function told({ metadata }: ServicePolicy, cluster: string): string {
  return `${metadata.uid} ${cluster}`
}
