/** Routers without a network: controllers of several clusters that see each other's records at once. */
import type { Directory, OriginState } from '../../src/api/service-record.ts'
import { Snapshot } from '../../src/core/snapshot.ts'
import type { DirectoryLink, OriginConfirmation } from '../../src/exporter/directory-link.ts'
import { compareVersions } from '../../src/link/messages.ts'

/** Keeps the newest state of each cluster; what is absent was never told, or forgotten. */
export class MemoryDirectory {
  readonly #directory = new Snapshot<Directory>(new Map())
  readonly #links: MemoryLink[] = []

  /** What is known of a cluster. */
  get(cluster: string): OriginState | undefined {
    return this.#directory.current().get(cluster)
  }

  /** A controller's session. */
  connect(): MemoryLink {
    const link = new MemoryLink(this.#directory, (state) => this.take(state))
    this.#links.push(link)
    return link
  }

  /** A cluster's state arrives. */
  take(state: OriginState): void {
    const known = this.#directory.current().get(state.cluster)
    if (known !== undefined && compareVersions(known, state) >= 0) return
    this.#directory.set(new Map(this.#directory.current()).set(state.cluster, state))
  }

  /** As after a restart of the routers. */
  forget(): void {
    this.#directory.set(new Map())
  }
}

export class MemoryLink implements DirectoryLink {
  readonly directory: Snapshot<Directory>
  readonly confirmed = new Snapshot<OriginConfirmation | undefined>(undefined)
  readonly outdone = new Snapshot(0)
  readonly certificate = new Snapshot(0)
  /** Not known, unless a test says so. */
  readonly reachable = new Snapshot<ReadonlySet<string> | undefined>(undefined)
  readonly gone = new Snapshot<ReadonlySet<string>>(new Set())
  readonly #take: (state: OriginState) => void
  /** While false nothing is confirmed. */
  #open = true
  #last: OriginState | undefined

  constructor(directory: Snapshot<Directory>, take: (state: OriginState) => void) {
    this.directory = directory
    this.#take = take
  }

  publish(state: OriginState): void {
    this.#last = state
    if (!this.#open) return
    this.#take(state)
    this.confirmed.set({ epoch: state.epoch, sequence: state.sequence })
  }

  /** The router is gone. */
  close(): void {
    this.#open = false
  }

  /** The router is back. */
  open(): void {
    this.#open = true
    if (this.#last !== undefined) this.publish(this.#last)
  }
}
