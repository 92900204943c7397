/**
 * What this cluster tells the others of itself, kept up to date.
 */
import type { ClusterProperties } from '../api/cluster-selectors.ts'
import type { Namespace } from '../api/objects.ts'
import type { BlockFact, ClusterFacts, TrustFacts } from '../api/service-record.ts'
import { sameValue } from '../core/compare.ts'
import type { Startable } from '../core/lifecycle.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import type { Store } from '../kube/types.ts'
import type { ClustersetView } from './clusterset-view.ts'
import { type Coalesced, coalesce } from './coalesce.ts'
import { missingNamespaces } from './missing-namespaces.ts'
import { isLiveNamespace } from './stores.ts'

export interface OwnFactsDeps {
  readonly view: Pick<ClustersetView, 'visibleKeys' | 'subscribe'>
  /** Synced. */
  readonly namespaces: Pick<Store<Namespace>, 'get' | 'subscribe'>
  readonly properties: SnapshotSource<ClusterProperties>
  /** Our block of global addresses. Absent: this cluster has no globalnet. */
  readonly block?: SnapshotSource<BlockFact | undefined>
  /** What we tell of our certificates. Absent: they are somebody else's matter. */
  readonly trust?: SnapshotSource<TrustFacts> | undefined
}

/** Changed at most once a turn of the event loop. */
export class OwnFacts implements Startable {
  readonly #deps: OwnFactsDeps
  readonly #current = new Snapshot<ClusterFacts>({})
  readonly #refresh: Coalesced
  #unfollow: (() => void)[] = []

  constructor(deps: OwnFactsDeps) {
    this.#deps = deps
    this.#refresh = coalesce(() => this.#update())
  }

  get current(): SnapshotSource<ClusterFacts> {
    return this.#current
  }

  async start(): Promise<void> {
    const { view, namespaces, properties, block, trust } = this.#deps
    this.#unfollow = [
      view.subscribe(({ keys }) => {
        if (keys.size > 0) this.#refresh.request()
      }),
      namespaces.subscribe(() => this.#refresh.request()),
      properties.subscribe(() => this.#refresh.request()),
      block?.subscribe(() => this.#refresh.request()) ?? (() => {}),
      trust?.subscribe(() => this.#refresh.request()) ?? (() => {}),
    ]
    this.#update()
  }

  async stop(): Promise<void> {
    this.#refresh.cancel()
    for (const unfollow of this.#unfollow) unfollow()
    this.#unfollow = []
  }

  #update(): void {
    const next = this.#facts()
    if (!sameValue(next, this.#current.current())) this.#current.set(next)
  }

  #facts(): ClusterFacts {
    const { view, namespaces } = this.#deps
    const trust = this.#deps.trust?.current()
    if (trust?.left !== undefined) return { left: trust.left }
    const missing = missingNamespaces(view.visibleKeys(), (name) => isLiveNamespace(namespaces, name))
    const properties = this.#deps.properties.current()
    const globalnet = this.#deps.block?.current()
    return {
      ...(missing.length === 0 ? {} : { missingNamespaces: missing }),
      ...(Object.keys(properties).length === 0 ? {} : { properties }),
      ...(globalnet === undefined ? {} : { globalnet }),
      ...trust,
    }
  }
}
