/**
 * The other routers of our own cluster as links to dial: one between each two, dialled by the one whose name comes first.
 */
import type { LinkSpec, RouteSnapshot } from '../../api/route-snapshot.ts'
import type { Startable } from '../../core/lifecycle.ts'
import { Snapshot, type SnapshotSource } from '../../core/snapshot.ts'

/** Where one router of our cluster listens; one with several addresses is there several times. */
export interface ReplicaAddress {
  /** The name it gives itself. */
  readonly name: string
  readonly host: string
  readonly port: number
}

/** What a link within a cluster costs: as much as any that nobody gave a cost. */
const REPLICA_COST = 1

/** The links that the router `own` has to dial. */
export function replicaLinks(own: string, replicas: readonly ReplicaAddress[]): LinkSpec[] {
  const names = [...new Set(replicas.map(({ name }) => name))].filter((name) => name > own).sort()
  return names.map((name) => ({
    name,
    cost: REPLICA_COST,
    endpoints: replicas
      .filter((replica) => replica.name === name)
      .map(({ host, port }) => ({ host, port }))
      .sort((a, b) => (a.host < b.host ? -1 : 1)),
  }))
}

/** Follows a source of replicas. */
export class ReplicaLinks implements Startable {
  readonly #own: string
  readonly #replicas: SnapshotSource<readonly ReplicaAddress[]>
  readonly #links = new Snapshot<Pick<RouteSnapshot, 'synced' | 'links'>>({ synced: true, links: [] })
  #unfollow: () => void = () => {}

  constructor(own: string, replicas: SnapshotSource<readonly ReplicaAddress[]>) {
    this.#own = own
    this.#replicas = replicas
  }

  get links(): SnapshotSource<Pick<RouteSnapshot, 'synced' | 'links'>> {
    return this.#links
  }

  async start(): Promise<void> {
    this.#unfollow = this.#replicas.subscribe((replicas) => this.#set(replicas))
    this.#set(this.#replicas.current())
  }

  async stop(): Promise<void> {
    this.#unfollow()
  }

  #set(replicas: readonly ReplicaAddress[]): void {
    this.#links.set({ synced: true, links: replicaLinks(this.#own, replicas) })
  }
}
