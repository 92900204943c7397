/** Paths that `lab slow` made worse: a line in every node of both clusters, for the connections that its pods make with the other. */
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import type { SlowPath } from '../control/protocol.ts'
import { processCommand } from '../entry.ts'
import { LabError } from '../errors.ts'
import { addressesOf } from '../node-plan.ts'
import { isQuiet, type PathShape } from '../slow/path-shape.ts'
import type { SocketEnd } from '../slow/wanted-end.ts'
import { clusterAddresses } from '../topology.ts'
import type { ClusterNetwork } from './cluster-network.ts'
import { sortedPair } from './cuts.ts'
import type { CutControl, SlowControl } from './lab-network.ts'
import type { NodeNetwork } from './node-network.ts'
import { familyWord } from './rule-family.ts'
import { SlowLine } from './slow-line.ts'
import { type LineEnd, slowChange } from './slow-rules.ts'

export interface SlowPathsDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly clusters: readonly ClusterNetwork[]
  /** Resets what is open when a path becomes slow, so that it is made anew. */
  readonly cuts: Pick<CutControl, 'reset'>
}

interface Path extends SlowPath {
  readonly lines: readonly SlowLine[]
}

export class SlowPaths implements SlowControl {
  readonly #deps: SlowPathsDeps
  readonly #state: string
  readonly #clusters: ReadonlyMap<string, ClusterNetwork>
  readonly #paths = new Map<string, Path>()
  /** Where the lines of each node listen, by the cluster they lead to. */
  readonly #ends = new Map<NodeNetwork, Map<ClusterNetwork, readonly SocketEnd[]>>()
  /** Changes happen one after the other. */
  #last: Promise<void> = Promise.resolve()

  /** `state` is the lab's state folder. */
  constructor(deps: SlowPathsDeps, state: string) {
    this.#deps = deps
    this.#state = state
    this.#clusters = new Map(deps.clusters.map((cluster) => [cluster.plan.name, cluster]))
  }

  list(): readonly SlowPath[] {
    return [...this.#paths.values()].map(({ clusters, shape }) => ({ clusters, shape }))
  }

  /** Makes the path so, or as it was when `shape` is quiet. */
  async change(names: readonly [string, string], shape: PathShape): Promise<void> {
    const clusters = sortedPair(names)
    const ends = [this.#cluster(clusters[0]), this.#cluster(clusters[1])] as const
    const change = this.#last.then(() => this.#change(clusters, ends, shape))
    this.#last = change.catch(() => {})
    await change
  }

  async #change(
    clusters: readonly [string, string],
    ends: readonly [ClusterNetwork, ClusterNetwork],
    shape: PathShape,
  ): Promise<void> {
    const path = this.#paths.get(clusters.join(' '))
    if (isQuiet(shape)) return path && (await this.#end(path, ends))
    if (path === undefined) return await this.#begin(clusters, ends, shape)
    for (const line of path.lines) line.reshape(shape)
    this.#paths.set(clusters.join(' '), { ...path, shape })
  }

  async #begin(
    clusters: readonly [string, string],
    [a, b]: readonly [ClusterNetwork, ClusterNetwork],
    shape: PathShape,
  ): Promise<void> {
    const lines = [...this.#lines(a, b, shape), ...this.#lines(b, a, shape)]
    const path = { clusters, shape, lines }
    try {
      await Promise.all(lines.map((line) => line.start()))
    } catch (error) {
      await this.#end(path, [a, b])
      throw error
    }
    this.#paths.set(clusters.join(' '), path)
    await this.#deps.cuts.reset(...clusters)
  }

  async #end({ clusters, lines }: Path, [a, b]: readonly [ClusterNetwork, ClusterNetwork]): Promise<void> {
    const quiet = (from: ClusterNetwork, to: ClusterNetwork) =>
      from.nodes.map((node) => this.#redirect(node, to, undefined))
    await Promise.all([...quiet(a, b), ...quiet(b, a)])
    for (const line of lines) line.drain()
    this.#paths.delete(clusters.join(' '))
  }

  #lines(from: ClusterNetwork, to: ClusterNetwork, shape: PathShape): SlowLine[] {
    return from.nodes.map((network) => {
      const names = ['--cluster', from.plan.name, '--node', network.node.name, '--peer', to.plan.name]
      const command = network.inside([...processCommand('lab-lines'), '--state', this.#state, ...names])
      const { clock, log } = this.#deps
      const redirect = (ends: readonly SocketEnd[]) => this.#redirect(network, to, ends)
      return new SlowLine({ clock, log, redirect }, command, shape)
    })
  }

  async #redirect(
    from: NodeNetwork,
    to: ClusterNetwork,
    ends: readonly SocketEnd[] | undefined,
  ): Promise<void> {
    const open = this.#ends.get(from) ?? new Map<ClusterNetwork, readonly SocketEnd[]>()
    this.#ends.set(from, open)
    if (ends === undefined) open.delete(to)
    else open.set(to, ends)
    const lines = [...open].flatMap(([peer, at]) => lineEnds(peer, at))
    await from.applyRules(slowChange(addressesOf(from.node).map(familyWord), lines))
  }

  #cluster(name: string): ClusterNetwork {
    const cluster = this.#clusters.get(name)
    if (cluster !== undefined) return cluster
    throw new LabError(`this lab has no cluster "${name}"; it has ${[...this.#clusters.keys()].join(', ')}`)
  }
}

/** Each address of the peer by the end of its family. */
function lineEnds({ plan }: ClusterNetwork, ends: readonly SocketEnd[]): LineEnd[] {
  return clusterAddresses(plan).flatMap((peer) =>
    ends.filter(({ address }) => familyWord(address) === familyWord(peer)).map((end) => ({ peer, ...end })),
  )
}
