/**
 * The traffic settings of all services of this cluster, kept up to date from the watched stores: only namespaces that
 * a change touches are decided again.
 */
import type { ServiceExport, ServiceImport } from '../api/mcs.ts'
import { type ServiceKey, serviceKey } from '../api/names.ts'
import type { KubeObject } from '../api/objects.ts'
import type { TrafficPolicy } from '../api/traffic-policy.ts'
import type { TrafficSettings } from '../api/traffic-settings.ts'
import { sameValue } from '../core/compare.ts'
import { describeError } from '../core/errors.ts'
import type { Startable } from '../core/lifecycle.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import type { Store, StoreEvent } from '../kube/types.ts'
import { type Coalesced, coalesce } from './coalesce.ts'
import {
  assignTraffic,
  type KnownService,
  type Labels,
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

interface ReadSpec {
  readonly spec: TrafficPolicy['spec']
  readonly read: PolicyCandidate['read']
}

/** Changes at most once a turn of the event loop. */
export class TrafficView implements Startable {
  readonly #sources: TrafficSources
  readonly #current = new Snapshot<Traffic>({ settings: new Map(), outcomes: new Map() })
  readonly #namespaces = new Map<string, NamespaceTraffic>()
  /** What each policy was last read as: the same spec keeps its settings. */
  readonly #read = new Map<ServiceKey, ReadSpec>()
  readonly #dirty = new Set<string>()
  readonly #refresh: Coalesced
  #unfollow: (() => void)[] = []

  constructor(sources: TrafficSources) {
    this.#sources = sources
    this.#refresh = coalesce(() => this.#update())
  }

  get traffic(): SnapshotSource<Traffic> {
    return this.#current
  }

  async start(): Promise<void> {
    const { policies, exports, imports } = this.#sources
    this.#unfollow = [
      policies.subscribe((event) => this.#policyChanged(event)),
      exports.subscribe((event) => this.#serviceChanged(event)),
      imports.subscribe((event) => this.#serviceChanged(event)),
    ]
    for (const policy of policies.list()) this.#dirty.add(policy.metadata.namespace ?? '')
    this.#update()
  }

  async stop(): Promise<void> {
    this.#refresh.cancel()
    for (const unfollow of this.#unfollow) unfollow()
    this.#unfollow = []
  }

  #policyChanged(event: StoreEvent<TrafficPolicy>): void {
    // Its status is no reason: we write it ourselves.
    if (event.type === 'updated' && isSamePolicy(event.object, event.previous)) return
    this.#touch(event.object)
  }

  #serviceChanged(event: StoreEvent<KubeObject>): void {
    if (this.#sources.policies.list(event.object.metadata.namespace ?? '').length === 0) return
    if (event.type === 'updated' && sameValue(labelsOf(event.object), labelsOf(event.previous))) return
    this.#touch(event.object)
  }

  #touch({ metadata }: KubeObject): void {
    this.#dirty.add(metadata.namespace ?? '')
    this.#refresh.request()
  }

  #update(): void {
    const changed = [...this.#dirty].filter((namespace) => this.#decide(namespace))
    this.#dirty.clear()
    if (changed.length > 0) this.#current.set(this.#combined())
  }

  /** True when anything is different from before. */
  #decide(namespace: string): boolean {
    const policies = this.#sources.policies.list(namespace).filter(isLive)
    const before = this.#namespaces.get(namespace)
    this.#forget(namespace, policies)
    if (policies.length === 0) return this.#namespaces.delete(namespace)
    const after = assignTraffic(
      policies.map((policy) => this.#candidate(policy)),
      this.#known(namespace),
    )
    this.#namespaces.set(namespace, after)
    return before === undefined || !isSameTraffic(before, after)
  }

  #candidate(policy: TrafficPolicy): PolicyCandidate {
    const { namespace = '', name = '', creationTimestamp = '', generation } = policy.metadata
    const key = serviceKey(namespace, name)
    const known = this.#read.get(key)
    const read =
      known !== undefined && sameValue(known.spec, policy.spec) ? known.read : readOrExplain(policy)
    this.#read.set(key, { spec: policy.spec, read })
    return { name, createdAt: creationTimestamp, generation, read }
  }

  #forget(namespace: string, live: readonly TrafficPolicy[]): void {
    const names = new Set(live.map(({ metadata }) => metadata.name))
    for (const name of this.#namespaces.get(namespace)?.outcomes.keys() ?? []) {
      if (!names.has(name)) this.#read.delete(serviceKey(namespace, name))
    }
  }

  #known(namespace: string): KnownService[] {
    const found = new Map<string, Labels[]>()
    const objects = [...this.#sources.exports.list(namespace), ...this.#sources.imports.list(namespace)]
    for (const object of objects.filter(isLive)) {
      const name = object.metadata.name ?? ''
      found.set(name, [...(found.get(name) ?? []), labelsOf(object)])
    }
    return [...found].map(([name, labels]) => ({ name, labels }))
  }

  #combined(): Traffic {
    const settings = new Map<ServiceKey, TrafficSettings>()
    const outcomes = new Map<ServiceKey, PolicyOutcome>()
    for (const [namespace, traffic] of this.#namespaces) {
      for (const [name, value] of traffic.settings) settings.set(serviceKey(namespace, name), value)
      for (const [name, value] of traffic.outcomes) outcomes.set(serviceKey(namespace, name), value)
    }
    return { settings, outcomes }
  }
}

/** The services whose settings differ. */
export function changedSettings(next: Traffic, previous: Traffic): ServiceKey[] {
  const keys = new Set([...next.settings.keys(), ...previous.settings.keys()])
  return [...keys].filter((key) => next.settings.get(key) !== previous.settings.get(key))
}

function readOrExplain(policy: TrafficPolicy): PolicyCandidate['read'] {
  try {
    return readTrafficPolicy(policy)
  } catch (error) {
    return { invalid: describeError(error) }
  }
}

function isSamePolicy(left: TrafficPolicy, right: TrafficPolicy): boolean {
  return (
    isLive(left) === isLive(right) &&
    left.metadata.generation === right.metadata.generation &&
    sameValue(left.spec, right.spec)
  )
}

function isLive({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp === undefined
}

function labelsOf({ metadata }: KubeObject): Labels {
  return metadata.labels ?? {}
}

function isSameTraffic(left: NamespaceTraffic, right: NamespaceTraffic): boolean {
  return (
    left.settings.size === right.settings.size &&
    [...left.settings].every(([service, settings]) => right.settings.get(service) === settings) &&
    sameValue(Object.fromEntries(left.outcomes), Object.fromEntries(right.outcomes))
  )
}
