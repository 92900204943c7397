/**
 * The directory as this cluster sees it: what the routers know of the others, and what it exports itself, which it
 * knows first hand.
 */
import { isVisibleTo } from '../api/access-policy.ts'
import { type ClusterProperties, type RankOf, rankBySelectors } from '../api/cluster-selectors.ts'
import type { AddressOwners, OwnsAddress } from '../api/global-owner.ts'
import type { ServiceKey } from '../api/names.ts'
import type { BlockFact, Directory, ServiceRecord } from '../api/service-record.ts'
import { sameValue } from '../core/compare.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import { changedNamespaces } from './missing-namespaces.ts'
import { changedKeys, type MergedService } from './service-merge.ts'

type Records = ReadonlyMap<ServiceKey, ServiceRecord>

export interface ViewDeps {
  readonly directory: SnapshotSource<Directory>
  /** Our own exports. */
  readonly records: SnapshotSource<Records>
  /** Our own ClusterProperties. */
  readonly properties: SnapshotSource<ClusterProperties>
  /** Our own block of global addresses; undefined without one. Absent: this cluster has no globalnet. */
  readonly block?: SnapshotSource<BlockFact | undefined>
  readonly ownersOf?: AddressOwners
  /** While true no other cluster is known. Absent: never. */
  readonly leaving?: SnapshotSource<boolean>
}

/** What is different from before. */
export interface ViewChange {
  /** Services whose records changed. */
  readonly keys: ReadonlySet<ServiceKey>
  /** Clusters that were unknown: what is remembered of them no longer counts, in whatever service. */
  readonly appeared: readonly string[]
  /** Namespaces that another cluster has now and had not, or the other way round. */
  readonly namespaces: ReadonlySet<string>
  /** Some cluster has other properties now. */
  readonly properties: boolean
  /** Some cluster claims another block of global addresses now. */
  readonly blocks: boolean
}

/** Own records stand in for what the routers echo of us: they are there before a router is, and never stale. */
export class ClustersetView implements Startable {
  readonly #deps: ViewDeps
  readonly #cluster: string
  readonly #listeners = new Set<(change: ViewChange) => void>()
  #directory: Directory = new Map()
  #unfollow: (() => void)[] = []

  constructor(deps: ViewDeps, cluster: string) {
    this.#deps = deps
    this.#cluster = cluster
  }

  async start(): Promise<void> {
    this.#directory = this.#combine()
    const { directory, records, properties, block, leaving } = this.#deps
    const sources: SnapshotSource<unknown>[] = [directory, records, properties]
    if (block !== undefined) sources.push(block)
    if (leaving !== undefined) sources.push(leaving)
    this.#unfollow = sources.map((each) => each.subscribe(() => this.#update()))
  }

  async stop(): Promise<void> {
    for (const unfollow of this.#unfollow) unfollow()
    this.#unfollow = []
  }

  current(): Directory {
    return this.#directory
  }

  /** Calls `listener` after each change. Returns the way to stop. */
  subscribe(listener: (change: ViewChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Every service that a known cluster exports. */
  keys(): Set<ServiceKey> {
    return new Set([...this.#directory.values()].flatMap((origin) => [...origin.records.keys()]))
  }

  /** Those of them that are not hidden from this cluster. */
  visibleKeys(): Set<ServiceKey> {
    const found = new Set<ServiceKey>()
    for (const [cluster, { records }] of this.#directory)
      for (const [key, record] of records) if (isVisibleTo(this.#cluster, { cluster, record })) found.add(key)
    return found
  }

  /** Services with an export that selects clusters by their properties. */
  selecting(): Set<ServiceKey> {
    const found = new Set<ServiceKey>()
    for (const { records } of this.#directory.values())
      for (const [key, record] of records) if (record.clusterSelectors !== undefined) found.add(key)
    return found
  }

  /** How the selectors of a service rank clusters; undefined when it has none. */
  rankOf({ clusterSelectors }: Pick<MergedService, 'clusterSelectors'>): RankOf | undefined {
    const propertiesOf = (cluster: string) => this.#directory.get(cluster)?.facts?.properties
    return rankBySelectors(clusterSelectors, propertiesOf, this.#cluster)
  }

  /** Whose global addresses are; undefined while this cluster has no block: it has no globalnet, or not yet. */
  owners(): OwnsAddress | undefined {
    const { block, ownersOf } = this.#deps
    return block?.current() === undefined ? undefined : ownersOf?.(this.#directory)
  }

  #update(): void {
    const before = this.#directory
    this.#directory = this.#combine()
    const keys = changedKeys(this.#directory, before)
    const appeared = [...this.#directory.keys()].filter((cluster) => !before.has(cluster))
    const namespaces = changedNamespaces(this.#directory, before)
    const properties = haveOther('properties', this.#directory, before)
    const blocks = haveOther('globalnet', this.#directory, before)
    for (const listener of [...this.#listeners]) listener({ keys, appeared, namespaces, properties, blocks })
  }

  #combine(): Directory {
    const { records, properties } = this.#deps
    const version = { cluster: this.#cluster, epoch: 0, sequence: 0 }
    const globalnet = this.#deps.block?.current()
    const facts = { properties: properties.current(), ...(globalnet === undefined ? {} : { globalnet }) }
    const own = { ...version, records: records.current(), facts }
    const others = this.#deps.leaving?.current() === true ? [] : this.#deps.directory.current()
    return new Map(others).set(this.#cluster, own)
  }
}

function haveOther(fact: 'properties' | 'globalnet', next: Directory, previous: Directory): boolean {
  const clusters = new Set([...next.keys(), ...previous.keys()])
  return [...clusters].some((cluster) => {
    const after = next.get(cluster)?.facts?.[fact]
    const before = previous.get(cluster)?.facts?.[fact]
    return after !== before && !sameValue(after, before)
  })
}
