/** Everything that makes the networks of a lab worse: cuts of pairs, of single pods, and slow paths. */
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import { placedPods } from '../kubelet-client.ts'
import type { LabFiles } from '../layout.ts'
import { Cuts } from './cuts.ts'
import type { LabFaults } from './lab-network.ts'
import type { NodeNetwork } from './node-network.ts'
import { PodCuts } from './pod-cuts.ts'
import { SlowPaths } from './slow-paths.ts'

export interface FaultsDeps {
  readonly clock: Clock
  readonly log: Logger
}

export function createFaults(
  { clock, log }: FaultsDeps,
  nodes: readonly NodeNetwork[],
  files: LabFiles,
): LabFaults {
  const cuts = new Cuts(nodes)
  const podNode = (node: NodeNetwork) => ({
    pods: () => placedPods(files.cluster(node.plan.name).kubeletSocket),
    applyRules: (input: string) => node.applyRules(input),
  })
  const byName = new Map(nodes.map((node) => [node.plan.name, podNode(node)]))
  return {
    cuts,
    pods: new PodCuts({ clock, log, nodes: byName }),
    slow: new SlowPaths({ clock, log, nodes, cuts }, files.state),
  }
}
