/**
 * The paths that the data path may take, as the topology has them.
 */
import type { SnapshotSource } from '../../core/snapshot.ts'
import type { PathSource, RouterRoute } from '../relay/path-source.ts'
import type { Route, TopologyView } from '../topology/topology-view.ts'
import { containerIdOf } from './data-connection.ts'

export class TopologyPaths implements PathSource {
  readonly #view: SnapshotSource<TopologyView>

  constructor(view: SnapshotSource<TopologyView>) {
    this.#view = view
  }

  clusters(): Iterable<string> {
    const view = this.#view.current()
    const own = view.routers.get(view.self)?.cluster
    const clusters = new Set([...view.routers.values()].map(({ cluster }) => cluster))
    if (own !== undefined) clusters.delete(own)
    return clusters
  }

  routesOf(cluster: string): readonly RouterRoute[] {
    return this.#view.current().routersOf(cluster).map(routeOf)
  }

  onChange(listener: () => void): () => void {
    return this.#view.subscribe(() => listener())
  }
}

function routeOf({ router, cost, paths }: Route): RouterRoute {
  const { id, name, cluster, draining } = router
  return { router: id, name: containerIdOf(cluster, name), cluster, cost, paths, draining }
}
