/** Faults between clusters, made of rules on all nodes of both: every packet dropped, or every open connection reset. */
import { LabError } from '../errors.ts'
import { clusterAddresses } from '../topology.ts'
import type { ClusterNetwork } from './cluster-network.ts'
import type { CutControl } from './lab-network.ts'
import { cutChange, resetChange } from './node-rules.ts'

export class Cuts implements CutControl {
  readonly #clusters: ReadonlyMap<string, ClusterNetwork>
  readonly #pairs = new Map<string, readonly [string, string]>()
  /** How often the connections of a pair were reset. */
  readonly #ages = new Map<string, number>()

  constructor(clusters: readonly ClusterNetwork[]) {
    this.#clusters = new Map(clusters.map((cluster) => [cluster.plan.name, cluster]))
  }

  /** The pairs that are cut now. */
  list(): readonly (readonly [string, string])[] {
    return [...this.#pairs.values()]
  }

  /** Cuts or heals a pair, in any order of its names; repeating does no harm. */
  async change(action: 'cut' | 'heal', names: readonly [string, string]): Promise<void> {
    const pair = sortedPair(names)
    await this.#onBoth(pair, (peer) => cutChange(action, peer))
    if (action === 'cut') this.#pairs.set(pair.join(' '), pair)
    else this.#pairs.delete(pair.join(' '))
  }

  /** Resets what is open between `name` and `peer`, or all others. Connections made from now on live. */
  async reset(name: string, peer: string | undefined): Promise<void> {
    const others = [...this.#clusters.keys()].filter((each) => each !== this.#cluster(name).plan.name)
    const peers = peer === undefined ? others : [this.#cluster(peer).plan.name]
    await Promise.all(peers.map((each) => this.#resetPair(sortedPair([name, each]))))
  }

  async #resetPair(pair: readonly [string, string]): Promise<void> {
    const key = pair.join(' ')
    const age = this.#ages.get(key) ?? 0
    // Counted first: two resets at once must not take the same age.
    this.#ages.set(key, age + 1)
    await this.#onBoth(pair, (peer) => resetChange(peer, age))
  }

  async #onBoth(pair: readonly [string, string], change: (peer: string) => string): Promise<void> {
    const [a, b] = [this.#cluster(pair[0]), this.#cluster(pair[1])]
    const towards = ({ plan }: ClusterNetwork) => clusterAddresses(plan).map(change).join('')
    await Promise.all([a.applyRules(towards(b)), b.applyRules(towards(a))])
  }

  #cluster(name: string): ClusterNetwork {
    const cluster = this.#clusters.get(name)
    if (cluster === undefined)
      throw new LabError(`this lab has no cluster "${name}"; it has ${[...this.#clusters.keys()].join(', ')}`)
    return cluster
  }
}

/** A pair is the same in any order of its names. */
export function sortedPair(names: readonly [string, string]): readonly [string, string] {
  if (names[0] === names[1]) throw new LabError('name two clusters: there is nothing between one and itself')
  return names[0] < names[1] ? names : [names[1], names[0]]
}
