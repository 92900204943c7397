/**
 * Globalnet as the exports of the controller see it.
 */
import type { AddressOwners } from '../api/global-owner.ts'
import type { ExportCandidate, GlobalAddresses, GlobalnetFeed } from '../api/globalnet-feed.ts'
import type { ServiceKey } from '../api/names.ts'
import type { BlockFact } from '../api/service-record.ts'
import type { Startable } from '../core/lifecycle.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import { addressOwners } from './address-owners.ts'
import { GlobalnetTerm, type GlobalnetTermDeps } from './globalnet-term.ts'

/** Off until a term has begun, and whenever there is no GlobalNetwork. */
export class Globalnet implements GlobalnetFeed {
  readonly #deps: Omit<GlobalnetTermDeps, 'addresses' | 'block'>
  readonly #cluster: () => string
  readonly #addresses = new Snapshot<GlobalAddresses | undefined>(undefined)
  readonly #block = new Snapshot<BlockFact | undefined>(undefined)
  readonly ownersOf: AddressOwners = addressOwners()

  /** `cluster` is asked for when a term begins. */
  constructor(deps: Omit<GlobalnetTermDeps, 'addresses' | 'block'>, cluster: () => string) {
    this.#deps = deps
    this.#cluster = cluster
  }

  get addresses(): SnapshotSource<GlobalAddresses | undefined> {
    return this.#addresses
  }

  get block(): SnapshotSource<BlockFact | undefined> {
    return this.#block
  }

  following(candidates: SnapshotSource<ReadonlyMap<ServiceKey, ExportCandidate>>): Startable {
    const deps = { ...this.#deps, addresses: this.#addresses, block: this.#block }
    return new GlobalnetTerm(deps, this.#cluster(), candidates)
  }
}
