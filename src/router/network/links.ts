/**
 * One dialler for each link there should be: started, stopped and replaced as links come, go and change.
 */
import { isDeepStrictEqual } from 'node:util'
import type { LinkSpec, RouteSnapshot } from '../../api/route-snapshot.ts'
import type { Startable } from '../../core/lifecycle.ts'
import type { Logger } from '../../core/log.ts'
import { Snapshot, type SnapshotSource } from '../../core/snapshot.ts'
import type { LinkDialer } from '../../link/dialer.ts'
import type { LinkStatus } from '../../link/link-status.ts'

export interface LinksDeps {
  readonly snapshot: SnapshotSource<Pick<RouteSnapshot, 'synced' | 'links'>>
  readonly logger: Logger
  readonly createDialer: (spec: LinkSpec) => LinkDialer
  /** More links than this are not dialled. */
  readonly limit: number
}

interface Entry {
  readonly spec: LinkSpec
  readonly dialer: LinkDialer
}

/** Follows the snapshot. What a snapshot that is not synced lacks is kept. */
export class Links implements Startable {
  readonly #deps: LinksDeps
  readonly #entries = new Map<string, Entry>()
  readonly #status = new Snapshot<readonly LinkStatus[]>([])
  /** Diallers that are saying goodbye. */
  readonly #leaving = new Set<Promise<void>>()
  #unsubscribe = () => {}

  constructor(deps: LinksDeps) {
    this.#deps = deps
  }

  /** The state of every link, in the snapshot's order. */
  get status(): SnapshotSource<readonly LinkStatus[]> {
    return this.#status
  }

  async start(): Promise<void> {
    this.#unsubscribe = this.#deps.snapshot.subscribe((next) => this.#follow(next))
    this.#follow(this.#deps.snapshot.current())
  }

  async stop(): Promise<void> {
    this.#unsubscribe()
    for (const name of [...this.#entries.keys()]) this.#remove(name)
    await Promise.all(this.#leaving)
  }

  #follow({ synced, links }: Pick<RouteSnapshot, 'synced' | 'links'>): void {
    if (!synced) return
    const wanted = this.#bounded(links)
    for (const name of [...this.#entries.keys()]) {
      if (!wanted.some((spec) => spec.name === name)) this.#remove(name)
    }
    for (const spec of wanted) this.#ensure(spec)
    this.#publish()
  }

  #bounded(links: readonly LinkSpec[]): readonly LinkSpec[] {
    const { limit, logger } = this.#deps
    if (links.length <= limit) return links
    logger.error({ links: links.length, limit }, 'too many links: the rest is not dialled')
    return links.slice(0, limit)
  }

  #ensure(spec: LinkSpec): void {
    const present = this.#entries.get(spec.name)
    if (present !== undefined && isDeepStrictEqual(present.spec, spec)) return
    this.#remove(spec.name)
    const dialer = this.#deps.createDialer(spec)
    this.#entries.set(spec.name, { spec, dialer })
    dialer.state.subscribe(() => this.#publish())
    void dialer.start()
  }

  #remove(name: string): void {
    const entry = this.#entries.get(name)
    if (entry === undefined) return
    this.#entries.delete(name)
    const leaving = entry.dialer.stop()
    this.#leaving.add(leaving)
    void leaving.finally(() => this.#leaving.delete(leaving))
  }

  #publish(): void {
    this.#status.set(
      [...this.#entries].map(([name, { dialer }]) => ({ name, state: dialer.state.current() })),
    )
  }
}
