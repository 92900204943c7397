/** Cutting clusters off from each other: every packet between two nodes is dropped on both of them. */
import { run } from '../command.ts'
import { LabError } from '../errors.ts'
import { systemEnv } from '../system-env.ts'
import type { CutControl } from './lab-network.ts'
import type { NodeNetwork } from './node-network.ts'
import { cutChange } from './node-rules.ts'

export class Cuts implements CutControl {
  readonly #nodes: ReadonlyMap<string, NodeNetwork>
  readonly #pairs = new Map<string, readonly [string, string]>()

  constructor(nodes: readonly NodeNetwork[]) {
    this.#nodes = new Map(nodes.map((node) => [node.plan.name, node]))
  }

  /** The pairs that are cut now. */
  list(): readonly (readonly [string, string])[] {
    return [...this.#pairs.values()]
  }

  /** Cuts or heals a pair, in any order of its names; repeating does no harm. */
  async change(action: 'cut' | 'heal', names: readonly [string, string]): Promise<void> {
    if (names[0] === names[1]) throw new LabError('a cluster cannot be cut off from itself')
    const pair = [...names].sort() as [string, string]
    const [a, b] = [this.#node(pair[0]), this.#node(pair[1])]
    await Promise.all([apply(a, action, b), apply(b, action, a)])
    if (action === 'cut') this.#pairs.set(pair.join(' '), pair)
    else this.#pairs.delete(pair.join(' '))
  }

  #node(name: string): NodeNetwork {
    const node = this.#nodes.get(name)
    if (node === undefined)
      throw new LabError(`this lab has no cluster "${name}"; it has ${[...this.#nodes.keys()].join(', ')}`)
    return node
  }
}

async function apply(node: NodeNetwork, action: 'cut' | 'heal', peer: NodeNetwork): Promise<void> {
  const input = cutChange(action, peer.plan.nodeAddress)
  await run(node.inside(['nft', '-f', '-']), { input, env: systemEnv() })
}
