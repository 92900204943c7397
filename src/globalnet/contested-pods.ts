/**
 * The pods of those namespaces where several GlobalEgressIPs select some, to tell which ones lose some to an older one.
 * Nobody else's pods are watched: most clusters have no such namespace.
 */
import type { KubeObject, Pod } from '../api/objects.ts'
import { Resource } from '../api/resources.ts'
import type { Cancel } from '../core/clock.ts'
import { type Reflected, type ReflectorDeps, reflect } from '../kube/reflector.ts'
import type { EgressPod, EgressPool } from './egress-choice.ts'
import { CONTESTED_NAMESPACES_MAX } from './limits.ts'

/** A pod, reduced to what selectors look at. */
export interface SelectablePod extends KubeObject {
  /** It has the network of its node, or has ended: no selector holds it. */
  readonly isOutside: boolean
}

/** The pods of one namespace. */
export type PodsOf = (namespace: string) => Reflected<SelectablePod>

interface Followed {
  readonly store: Reflected<SelectablePod>
  readonly unfollow: Cancel
}

/** What PodsOf is where there is an API server. */
export function podsOf(deps: ReflectorDeps): PodsOf {
  return (namespace) => reflect<SelectablePod>(deps, Resource.pod, { namespace, transform: selectablePod })
}

/** Namespaces where more than one GlobalEgressIP has a selector; what is beyond the bound is not looked at. */
export function contestedNamespaces(pools: readonly EgressPool[]): ReadonlySet<string> {
  const selecting = pools.filter(({ podSelector }) => podSelector !== undefined)
  const several = [...Map.groupBy(selecting, ({ namespace }) => namespace)].filter(
    ([, { length }]) => length > 1,
  )
  return new Set(
    several
      .map(([namespace]) => namespace)
      .sort()
      .slice(0, CONTESTED_NAMESPACES_MAX),
  )
}

/** Of one term. */
export class ContestedPods {
  readonly #podsOf: PodsOf
  readonly #changed: () => void
  readonly #followed = new Map<string, Followed>()
  #ending: Promise<unknown> = Promise.resolve()

  /** `changed` is called when pods have come, gone or changed, also once when those of a namespace are known. */
  constructor(pods: PodsOf, changed: () => void) {
    this.#podsOf = pods
    this.#changed = changed
  }

  /** From now on these, and no others. */
  follow(namespaces: ReadonlySet<string>): void {
    for (const namespace of namespaces) if (!this.#followed.has(namespace)) this.#begin(namespace)
    for (const [namespace, each] of this.#followed) if (!namespaces.has(namespace)) this.#end(namespace, each)
  }

  /** All that are known. */
  get pods(): readonly EgressPod[] {
    return [...this.#followed].flatMap(([namespace, { store }]) =>
      store
        .list()
        .flatMap(({ metadata: { name = '', labels = {} }, isOutside }) =>
          isOutside ? [] : [{ namespace, name, labels }],
        ),
    )
  }

  /** False as long as it is not known which pods a followed namespace has. */
  knows(namespace: string): boolean {
    return this.#followed.get(namespace)?.store.synced !== false
  }

  /** Resolves when all watches have ended. */
  async stop(): Promise<void> {
    this.follow(new Set())
    await this.#ending
  }

  #begin(namespace: string): void {
    const store = this.#podsOf(namespace)
    this.#followed.set(namespace, { store, unfollow: store.subscribe(this.#changed) })
    void store.start()
    // A store tells of no change when it turns out that there are no pods.
    void store.whenSynced().then(this.#changed)
  }

  #end(namespace: string, { store, unfollow }: Followed): void {
    this.#followed.delete(namespace)
    unfollow()
    this.#ending = Promise.all([this.#ending, store.stop()])
  }
}

/** Labels, and whether it counts. */
function selectablePod(object: SelectablePod): SelectablePod {
  const { metadata, spec, status } = object as KubeObject as Pod
  const { name = '', namespace = '', uid = '', resourceVersion = '', labels = {} } = metadata
  const hasEnded = status?.phase === 'Succeeded' || status?.phase === 'Failed'
  return {
    metadata: { name, namespace, uid, resourceVersion, labels },
    isOutside: spec?.hostNetwork === true || hasEnded,
  }
}
