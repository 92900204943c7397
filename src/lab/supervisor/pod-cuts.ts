/** Pods that `lab cut CLUSTER/POD` separated, until they are healed or gone. */
import type { Clock } from '../../core/clock.ts'
import { describeError } from '../../core/errors.ts'
import type { Logger } from '../../core/log.ts'
import type { CutPod } from '../control/protocol.ts'
import { LabError } from '../errors.ts'
import type { PlacedPod } from '../kubelet-client.ts'
import { POD_CUT_POLL } from '../limits.ts'
import type { PodCutControl } from './lab-network.ts'
import { podCutChange } from './pod-cut-rules.ts'

/** A node as cutting needs it. */
export interface PodCutNode {
  /** Pods that have an address now. */
  pods(): Promise<readonly PlacedPod[]>
  applyRules(input: string): Promise<void>
}

export interface PodCutsDeps {
  readonly clock: Pick<Clock, 'after'>
  readonly log: Logger
  /** By cluster. */
  readonly nodes: ReadonlyMap<string, readonly PodCutNode[]>
}

interface Cut extends CutPod {
  readonly node: PodCutNode
  readonly uid: string
  readonly addresses: readonly string[]
}

export class PodCuts implements PodCutControl {
  readonly #deps: PodCutsDeps
  /** By the pod's uid. */
  readonly #cuts = new Map<string, Cut>()
  #watching = false

  constructor(deps: PodCutsDeps) {
    this.#deps = deps
  }

  list(): readonly CutPod[] {
    return [...this.#cuts.values()].map(({ cluster, namespace, pod }) => ({ cluster, namespace, pod }))
  }

  /** `name` is a pod's, or `namespace/name`. Repeating does no harm. */
  async cut(cluster: string, name: string): Promise<void> {
    const { node, uid, addresses, namespace, name: pod } = find(cluster, name, await this.#pods(cluster))
    await node.applyRules(podCutChange('cut', addresses))
    this.#cuts.set(uid, { cluster, node, namespace, pod, uid, addresses })
    this.#watch()
  }

  /** A pod that is not cut off is left as it is. */
  async heal(cluster: string, name: string): Promise<void> {
    this.#nodes(cluster)
    const healed = [...this.#cuts.values()].filter(
      (cut) => cut.cluster === cluster && matches(name, { namespace: cut.namespace, name: cut.pod }),
    )
    for (const cut of healed) await this.#remove(cut)
  }

  async #remove({ node, uid, addresses }: Cut): Promise<void> {
    await node.applyRules(podCutChange('heal', addresses))
    this.#cuts.delete(uid)
  }

  /** While pods are cut off, those that are gone are let go of: others will have their addresses. */
  #watch(): void {
    if (this.#watching) return
    this.#watching = true
    this.#deps.clock.after(POD_CUT_POLL, () => {
      void this.#look().finally(() => {
        this.#watching = false
        if (this.#cuts.size > 0) this.#watch()
      })
    })
  }

  async #look(): Promise<void> {
    for (const cluster of new Set([...this.#cuts.values()].map((cut) => cut.cluster))) {
      try {
        await this.#letGo(cluster)
      } catch (error) {
        // A node that is being started again does not answer; it is asked again.
        this.#deps.log.debug({ cluster, error: describeError(error) }, 'cannot see which pods there are')
      }
    }
  }

  async #letGo(cluster: string): Promise<void> {
    const asked = [...this.#cuts.values()].filter((cut) => cut.cluster === cluster)
    const there = new Map((await this.#pods(cluster)).map((pod) => [pod.uid, pod.addresses[0]]))
    for (const cut of asked) if (there.get(cut.uid) !== cut.addresses[0]) await this.#remove(cut)
  }

  async #pods(cluster: string): Promise<readonly (PlacedPod & { readonly node: PodCutNode })[]> {
    const ofNode = async (node: PodCutNode) => (await node.pods()).map((pod) => ({ ...pod, node }))
    return (await Promise.all(this.#nodes(cluster).map(ofNode))).flat()
  }

  #nodes(cluster: string): readonly PodCutNode[] {
    const nodes = this.#deps.nodes.get(cluster)
    if (nodes !== undefined) return nodes
    throw new LabError(
      `this lab has no cluster "${cluster}"; it has ${[...this.#deps.nodes.keys()].join(', ')}`,
    )
  }
}

function find<T extends PlacedPod>(cluster: string, name: string, pods: readonly T[]): T {
  const [found, second] = pods.filter((pod) => matches(name, pod))
  if (found === undefined)
    throw new LabError(`cluster ${cluster} has no pod "${name}" with a network of its own`)
  if (second !== undefined)
    throw new LabError(`cluster ${cluster} has several pods "${name}": write ${cluster}/NAMESPACE/${name}`)
  return found
}

function matches(wanted: string, pod: { readonly namespace: string; readonly name: string }): boolean {
  return wanted === pod.name || wanted === `${pod.namespace}/${pod.name}`
}
