/**
 * What policies of one kind come to, kept up to date from the watched stores: only namespaces that a change touches are
 * decided again.
 */
import type { KubeObject } from '../api/objects.ts'
import { sameValue } from '../core/compare.ts'
import type { Startable } from '../core/lifecycle.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import type { Store, StoreEvent } from '../kube/types.ts'
import { type Coalesced, coalesce } from './coalesce.ts'
import type { Candidate, KnownService, Labels } from './policy-targets.ts'

type Policy = KubeObject & { readonly spec?: unknown }

/** Read side of the stores; they must be synced when `start` is called. */
export interface PolicySources<P extends Policy> {
  readonly policies: Store<P>
  /** Objects that make a service known, whose labels policies select by. */
  readonly services: readonly Store<KubeObject>[]
}

/** The rules of one kind: all pure. */
export interface PolicyRules<P extends Policy, R, D, V> {
  /** What one says, or why it cannot be used. */
  readonly read: (policy: P) => R
  /** What all of one namespace come to. */
  readonly decide: (policies: readonly Candidate<R>[], services: readonly KnownService[]) => D
  readonly isSame: (before: D, after: D) => boolean
  readonly combine: (namespaces: ReadonlyMap<string, D>) => V
}

interface ReadSpec<R> {
  readonly spec: unknown
  readonly read: R
}

/** Changes at most once a turn of the event loop. */
export class PolicyView<P extends Policy, R, D, V> implements Startable {
  readonly #sources: PolicySources<P>
  readonly #rules: PolicyRules<P, R, D, V>
  readonly #current: Snapshot<V>
  readonly #namespaces = new Map<string, D>()
  /** By namespace and name, what each policy was last read as: the same spec keeps its reading. */
  readonly #read = new Map<string, ReadonlyMap<string, ReadSpec<R>>>()
  readonly #dirty = new Set<string>()
  readonly #refresh: Coalesced
  #unfollow: (() => void)[] = []

  constructor(sources: PolicySources<P>, rules: PolicyRules<P, R, D, V>) {
    this.#sources = sources
    this.#rules = rules
    this.#current = new Snapshot(rules.combine(this.#namespaces))
    this.#refresh = coalesce(() => this.#update())
  }

  get values(): SnapshotSource<V> {
    return this.#current
  }

  /** The value by all that the stores have told, also in this turn: for those who must not act on less. */
  settled(): V {
    this.#update()
    return this.#current.current()
  }

  async start(): Promise<void> {
    const { policies, services } = this.#sources
    this.#unfollow = [
      policies.subscribe((event) => this.#policyChanged(event)),
      ...services.map((store) => store.subscribe((event) => this.#serviceChanged(event))),
    ]
    for (const policy of policies.list()) this.#dirty.add(policy.metadata.namespace ?? '')
    this.#update()
  }

  async stop(): Promise<void> {
    this.#refresh.cancel()
    for (const unfollow of this.#unfollow) unfollow()
    this.#unfollow = []
  }

  #policyChanged(event: StoreEvent<P>): void {
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
    if (this.#dirty.size === 0) return
    const changed = [...this.#dirty].filter((namespace) => this.#decide(namespace))
    this.#dirty.clear()
    if (changed.length > 0) this.#current.set(this.#rules.combine(this.#namespaces))
  }

  /** True when anything is different from before. */
  #decide(namespace: string): boolean {
    const policies = this.#sources.policies.list(namespace).filter(isLive)
    const before = this.#namespaces.get(namespace)
    const candidates = this.#candidates(namespace, policies)
    if (policies.length === 0) return this.#namespaces.delete(namespace)
    const after = this.#rules.decide(candidates, this.#known(namespace))
    this.#namespaces.set(namespace, after)
    return before === undefined || !this.#rules.isSame(before, after)
  }

  #candidates(namespace: string, policies: readonly P[]): Candidate<R>[] {
    const before = this.#read.get(namespace)
    const after = new Map<string, ReadSpec<R>>()
    const candidates = policies.map((policy) => {
      const { name = '', creationTimestamp: createdAt = '', generation } = policy.metadata
      const known = before?.get(name)
      const isKnown = known !== undefined && sameValue(known.spec, policy.spec)
      const read = isKnown ? known.read : this.#rules.read(policy)
      after.set(name, { spec: policy.spec, read })
      return { name, createdAt, generation, read }
    })
    if (after.size === 0) this.#read.delete(namespace)
    else this.#read.set(namespace, after)
    return candidates
  }

  #known(namespace: string): KnownService[] {
    const found = new Map<string, Labels[]>()
    const objects = this.#sources.services.flatMap((store) => store.list(namespace))
    for (const object of objects.filter(isLive)) {
      const name = object.metadata.name ?? ''
      found.set(name, [...(found.get(name) ?? []), labelsOf(object)])
    }
    return [...found].map(([name, labels]) => ({ name, labels }))
  }
}

function isSamePolicy(left: Policy, right: Policy): boolean {
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
