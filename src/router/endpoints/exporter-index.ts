/**
 * Which clusters tell of each service: follows the directory at the cost of what has changed, so that a change of one
 * record among ten thousand is not a look at all of them.
 */
import type { ServiceKey } from '../../api/names.ts'
import type { Directory, OriginState } from '../../api/service-record.ts'

const NOBODY: ReadonlySet<string> = new Set()

export class ExporterIndex {
  readonly #clusters = new Map<ServiceKey, Set<string>>()
  #directory: Directory = new Map()

  constructor(directory: Directory) {
    this.follow(directory)
  }

  /** The directory that is indexed. */
  get directory(): Directory {
    return this.#directory
  }

  /** Clusters with a record of the service. */
  exportersOf(service: ServiceKey): ReadonlySet<string> {
    return this.#clusters.get(service) ?? NOBODY
  }

  /** Takes the next directory in; the services of which a record came, went or changed. */
  follow(next: Directory): ReadonlySet<ServiceKey> {
    const previous = this.#directory
    this.#directory = next
    const changed = new Set<ServiceKey>()
    for (const cluster of new Set([...previous.keys(), ...next.keys()])) {
      this.#followOrigin(cluster, previous.get(cluster), next.get(cluster), changed)
    }
    return changed
  }

  #followOrigin(
    cluster: string,
    previous: OriginState | undefined,
    next: OriginState | undefined,
    changed: Set<ServiceKey>,
  ): void {
    if (previous?.records === next?.records) return
    for (const [service, record] of next?.records ?? []) {
      if (previous?.records.get(service) === record) continue
      changed.add(service)
      this.#add(service, cluster)
    }
    for (const service of previous?.records.keys() ?? []) {
      if (next?.records.has(service) === true) continue
      changed.add(service)
      this.#delete(service, cluster)
    }
  }

  #add(service: ServiceKey, cluster: string): void {
    const clusters = this.#clusters.get(service)
    if (clusters === undefined) this.#clusters.set(service, new Set([cluster]))
    else clusters.add(cluster)
  }

  #delete(service: ServiceKey, cluster: string): void {
    const clusters = this.#clusters.get(service)
    clusters?.delete(cluster)
    if (clusters?.size === 0) this.#clusters.delete(service)
  }
}
