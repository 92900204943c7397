/**
 * Who may call each export of this cluster, by its ServicePolicies, kept up to date from the watched stores.
 */
import type { ServiceAccess } from '../api/access-policy.ts'
import type { ServiceExport } from '../api/mcs.ts'
import { type ServiceKey, serviceKey } from '../api/names.ts'
import type { ServicePolicy } from '../api/service-policy.ts'
import { sameValue } from '../core/compare.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import type { Store } from '../kube/types.ts'
import { type AccessOutcome, assignAccess, type NamespaceAccess } from './access-assignment.ts'
import { PolicyView } from './policy-view.ts'
import { type ReadAccess, readServicePolicy } from './service-policy-reader.ts'

/** Read side of the stores; they must be synced when `start` is called. */
export interface AccessSources {
  readonly servicePolicies: Store<ServicePolicy>
  readonly exports: Store<ServiceExport>
}

/** What all policies come to. */
export interface Access {
  /** By service; the whole clusterset may call all others. */
  readonly services: ReadonlyMap<ServiceKey, ServiceAccess>
  /** By policy. */
  readonly outcomes: ReadonlyMap<ServiceKey, AccessOutcome>
}

/** Changes at most once a turn of the event loop. */
export class AccessView implements Startable {
  readonly #view: PolicyView<ServicePolicy, ReadAccess, NamespaceAccess, Access>

  constructor({ servicePolicies, exports }: AccessSources) {
    this.#view = new PolicyView(
      { policies: servicePolicies, services: [exports] },
      { read: readServicePolicy, decide: assignAccess, isSame: isSameAccess, combine: combined },
    )
  }

  get access(): SnapshotSource<Access> {
    return this.#view.values
  }

  /** By all that is known at this moment: an export must not be open for the rest of a turn. */
  accessOf(key: ServiceKey): ServiceAccess | undefined {
    return this.#view.settled().services.get(key)
  }

  /** Of all services, by all that is known at this moment. */
  settled(): Access['services'] {
    return this.#view.settled().services
  }

  start(): Promise<void> {
    return this.#view.start()
  }

  stop(): Promise<void> {
    return this.#view.stop()
  }
}

/** The services whose policies differ. */
export function changedAccess(next: Access, previous: Access): ServiceKey[] {
  const keys = new Set([...next.services.keys(), ...previous.services.keys()])
  return [...keys].filter((key) => !isSameList(next.services.get(key), previous.services.get(key)))
}

/** The same spec keeps its reading, so that policies are compared by identity. */
function isSameList(left: ServiceAccess = [], right: ServiceAccess = []): boolean {
  return left.length === right.length && left.every((policy, index) => policy === right[index])
}

function isSameAccess(left: NamespaceAccess, right: NamespaceAccess): boolean {
  return (
    left.access.size === right.access.size &&
    [...left.access].every(([service, policies]) => isSameList(policies, right.access.get(service))) &&
    sameValue(Object.fromEntries(left.outcomes), Object.fromEntries(right.outcomes))
  )
}

function combined(namespaces: ReadonlyMap<string, NamespaceAccess>): Access {
  const services = new Map<ServiceKey, ServiceAccess>()
  const outcomes = new Map<ServiceKey, AccessOutcome>()
  for (const [namespace, { access, outcomes: own }] of namespaces) {
    for (const [name, policies] of access) services.set(serviceKey(namespace, name), policies)
    for (const [name, outcome] of own) outcomes.set(serviceKey(namespace, name), outcome)
  }
  return { services, outcomes }
}
