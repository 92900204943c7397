/**
 * Globalnet as the exports of the controller see it.
 */
import type { AddressOwners } from '../api/global-owner.ts'
import type { ExportCandidate, GlobalAddresses, GlobalnetFeed } from '../api/globalnet-feed.ts'
import type { ServiceKey } from '../api/names.ts'
import type { BlockFact } from '../api/service-record.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Metrics } from '../core/metrics.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import { addressOwners } from './address-owners.ts'
import { type GlobalnetFigures, GlobalnetTerm, type GlobalnetTermDeps } from './globalnet-term.ts'

/** Off until a term has begun, and whenever there is no GlobalNetwork. */
export class Globalnet implements GlobalnetFeed {
  readonly #deps: Omit<GlobalnetTermDeps, 'addresses' | 'block'>
  readonly #cluster: () => string
  readonly #addresses = new Snapshot<GlobalAddresses | undefined>(undefined)
  readonly #block = new Snapshot<BlockFact | undefined>(undefined)
  #term: GlobalnetTerm | undefined
  readonly ownersOf: AddressOwners = addressOwners()

  /** `cluster` is asked for when a term begins. */
  constructor(
    { metrics, ...deps }: Omit<GlobalnetTermDeps, 'addresses' | 'block'> & { readonly metrics: Metrics },
    cluster: () => string,
  ) {
    this.#deps = deps
    this.#cluster = cluster
    const observe = (name: string, help: string, figure: (figures: GlobalnetFigures) => number) =>
      metrics.observe(`fairlead_globalnet_${name}`, help, () => {
        const figures = this.#term?.figures
        return figures === undefined ? 0 : figure(figures)
      })
    observe('addresses', "Addresses of the cluster's block that can be used", ({ total }) => total)
    observe('allocated', 'Of those, the ones that somebody has', ({ allocated }) => allocated)
    observe('resting', 'Addresses that were given up and rest', ({ resting }) => resting)
    observe('unmet', 'Owners that lack addresses they should have', ({ unmet }) => unmet)
    observe(
      'overlaps',
      'Networks and blocks that the global addresses are in the way of',
      ({ overlaps }) => overlaps,
    )
  }

  get addresses(): SnapshotSource<GlobalAddresses | undefined> {
    return this.#addresses
  }

  get block(): SnapshotSource<BlockFact | undefined> {
    return this.#block
  }

  async whenSynced(signal: AbortSignal): Promise<void> {
    await Promise.all(Object.values(this.#deps.stores).map((store) => store.whenSynced(signal)))
  }

  following(candidates: SnapshotSource<ReadonlyMap<ServiceKey, ExportCandidate>>): Startable {
    const deps = { ...this.#deps, addresses: this.#addresses, block: this.#block }
    this.#term = new GlobalnetTerm(deps, this.#cluster(), candidates)
    return this.#term
  }
}
