/**
 * The paths to one router: which of them can be used now, and which a new flow takes.
 */
import type { Clock } from '../../core/clock.ts'
import type { RawConnection } from '../resume/raw-connection.ts'
import { MAX_PATHS, PATH_HOLD_MS } from './limits.ts'

/** One way, and the flows of ours on it. */
export interface Path {
  readonly key: string
  readonly routers: readonly string[]
  flows: number
  /** It counts as broken until then, monotonic milliseconds. */
  heldUntil: number
}

/** A path that can be used, and the data connection to the first router on it. */
export interface UsablePath {
  readonly path: Path
  readonly hop: RawConnection
}

export interface PathsDeps {
  readonly clock: Pick<Clock, 'monotonic' | 'after'>
  /** The best data connection to a router process next to us. */
  readonly hopTo: (router: string) => RawConnection | undefined
  /** A path is broken, or may be used again. */
  readonly changed: () => void
}

export class Paths {
  readonly #deps: PathsDeps
  #all: readonly Path[] = []

  constructor(deps: PathsDeps) {
    this.#deps = deps
  }

  /** The ways there are now; those that were known go on as they are. A way of one hop is a data connection's. */
  follow(paths: readonly (readonly string[])[]): void {
    const known = new Map(this.#all.map((path) => [path.key, path]))
    this.#all = paths
      .filter(({ length }) => length > 1)
      .slice(0, MAX_PATHS)
      .map((routers) => {
        const key = routers.join()
        return known.get(key) ?? { key, routers, flows: 0, heldUntil: 0 }
      })
  }

  /** Rather not over a neighbour that drains, then the one with the fewest flows. */
  best(): UsablePath | undefined {
    let best: UsablePath | undefined
    const now = this.#deps.clock.monotonic()
    for (const path of this.#all) {
      const hop = path.heldUntil > now ? undefined : this.#deps.hopTo(path.routers[0] ?? '')
      if (hop?.usable !== true) continue
      const candidate = { path, hop }
      if (best === undefined || isBetter(candidate, best)) best = candidate
    }
    return best
  }

  /** A flow found it broken beyond its first hop. Others get to know of that; until then it is left alone. */
  hold(path: Path): void {
    const { clock, changed } = this.#deps
    const now = clock.monotonic()
    if (path.heldUntil > now) return
    path.heldUntil = now + PATH_HOLD_MS
    clock.after(PATH_HOLD_MS, changed)
    changed()
  }
}

function isBetter(one: UsablePath, other: UsablePath): boolean {
  if (one.hop.draining !== other.hop.draining) return other.hop.draining
  return one.path.flows < other.path.flows
}
