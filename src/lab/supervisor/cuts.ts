/** Faults between clusters, made of rules on both their nodes: every packet dropped, or every open connection reset. */
import { LabError } from '../errors.ts'
import { nodeAddresses } from '../topology.ts'
import type { CutControl } from './lab-network.ts'
import type { NodeNetwork } from './node-network.ts'
import { cutChange, resetChange } from './node-rules.ts'

export class Cuts implements CutControl {
  readonly #nodes: ReadonlyMap<string, NodeNetwork>
  readonly #pairs = new Map<string, readonly [string, string]>()
  /** How often the connections of a pair were reset. */
  readonly #ages = new Map<string, number>()

  constructor(nodes: readonly NodeNetwork[]) {
    this.#nodes = new Map(nodes.map((node) => [node.plan.name, node]))
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
    const others = [...this.#nodes.keys()].filter((each) => each !== this.#node(name).plan.name)
    const peers = peer === undefined ? others : [this.#node(peer).plan.name]
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
    const [a, b] = [this.#node(pair[0]), this.#node(pair[1])]
    const towards = ({ plan }: NodeNetwork) => nodeAddresses(plan).map(change).join('')
    await Promise.all([a.applyRules(towards(b)), b.applyRules(towards(a))])
  }

  #node(name: string): NodeNetwork {
    const node = this.#nodes.get(name)
    if (node === undefined)
      throw new LabError(`this lab has no cluster "${name}"; it has ${[...this.#nodes.keys()].join(', ')}`)
    return node
  }
}

/** A pair is the same in any order of its names. */
export function sortedPair(names: readonly [string, string]): readonly [string, string] {
  if (names[0] === names[1]) throw new LabError('name two clusters: there is nothing between one and itself')
  return names[0] < names[1] ? names : [names[1], names[0]]
}
