/**
 * The traffic settings of all services of this cluster, kept up to date from the watched stores.
 */
import type { ServiceExport, ServiceImport } from '../api/mcs.ts'
import { type ServiceKey, serviceKey } from '../api/names.ts'
import type { TrafficPolicy } from '../api/traffic-policy.ts'
import type { TrafficSettings } from '../api/traffic-settings.ts'
import { sameValue } from '../core/compare.ts'
import { describeError } from '../core/errors.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import type { Store } from '../kube/types.ts'
import { PolicyView } from './policy-view.ts'
import {
  assignTraffic,
  type NamespaceTraffic,
  type PolicyCandidate,
  type PolicyOutcome,
} from './traffic-assignment.ts'
import { readTrafficPolicy } from './traffic-policy-reader.ts'

/** Read side of the stores; they must be synced when `start` is called. */
export interface TrafficSources {
  readonly policies: Store<TrafficPolicy>
  readonly exports: Store<ServiceExport>
  readonly imports: Store<ServiceImport>
}

/** What all policies come to. */
export interface Traffic {
  /** By service; all others have the defaults. Settings that stay the same keep their identity. */
  readonly settings: ReadonlyMap<ServiceKey, TrafficSettings>
  /** By policy. */
  readonly outcomes: ReadonlyMap<ServiceKey, PolicyOutcome>
}

/** Changes at most once a turn of the event loop. */
export class TrafficView implements Startable {
  readonly #view: PolicyView<TrafficPolicy, PolicyCandidate['read'], NamespaceTraffic, Traffic>

  constructor({ policies, exports, imports }: TrafficSources) {
    const rules = { read: readOrExplain, decide: assignTraffic, isSame: isSameTraffic, combine: combined }
    this.#view = new PolicyView({ policies, services: [exports, imports] }, rules)
  }

  get traffic(): SnapshotSource<Traffic> {
    return this.#view.values
  }

  start(): Promise<void> {
    return this.#view.start()
  }

  stop(): Promise<void> {
    return this.#view.stop()
  }
}

/** The services whose settings differ. */
export function changedSettings(next: Traffic, previous: Traffic): ServiceKey[] {
  const keys = new Set([...next.settings.keys(), ...previous.settings.keys()])
  return [...keys].filter((key) => next.settings.get(key) !== previous.settings.get(key))
}

function combined(namespaces: ReadonlyMap<string, NamespaceTraffic>): Traffic {
  const settings = new Map<ServiceKey, TrafficSettings>()
  const outcomes = new Map<ServiceKey, PolicyOutcome>()
  for (const [namespace, traffic] of namespaces) {
    for (const [name, value] of traffic.settings) settings.set(serviceKey(namespace, name), value)
    for (const [name, value] of traffic.outcomes) outcomes.set(serviceKey(namespace, name), value)
  }
  return { settings, outcomes }
}

function readOrExplain(policy: TrafficPolicy): PolicyCandidate['read'] {
  try {
    return readTrafficPolicy(policy)
  } catch (error) {
    return { invalid: describeError(error) }
  }
}

function isSameTraffic(left: NamespaceTraffic, right: NamespaceTraffic): boolean {
  return (
    left.settings.size === right.settings.size &&
    [...left.settings].every(([service, settings]) => right.settings.get(service) === settings) &&
    sameValue(Object.fromEntries(left.outcomes), Object.fromEntries(right.outcomes))
  )
}
