/** Paths set by hand. */
import type { PathSource, RouterRoute } from '../../src/router/relay/path-source.ts'

/** Paths of one router, set from outside. */
export class StaticPaths implements PathSource {
  readonly #listeners = new Set<() => void>()
  #routes: readonly RouterRoute[]

  constructor(routes: readonly RouterRoute[] = []) {
    this.#routes = routes
  }

  set(routes: readonly RouterRoute[]): void {
    this.#routes = routes
    for (const listener of this.#listeners) listener()
  }

  clusters(): Iterable<string> {
    return new Set(this.#routes.map(({ cluster }) => cluster))
  }

  routesOf(cluster: string): readonly RouterRoute[] {
    return this.#routes.filter((route) => route.cluster === cluster)
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
