/** Everything that makes the networks of a lab worse: cuts of pairs, of single pods, and slow paths. */
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import { placedPods } from '../kubelet-client.ts'
import type { LabFiles } from '../layout.ts'
import type { ClusterNetwork } from './cluster-network.ts'
import { Cuts } from './cuts.ts'
import type { LabFaults } from './lab-network.ts'
import { type PodCutNode, PodCuts } from './pod-cuts.ts'
import { SlowPaths } from './slow-paths.ts'

export interface FaultsDeps {
  readonly clock: Clock
  readonly log: Logger
}

export function createFaults(
  { clock, log }: FaultsDeps,
  clusters: readonly ClusterNetwork[],
  files: LabFiles,
): LabFaults {
  const cuts = new Cuts(clusters)
  const podNodes = ({ plan, nodes }: ClusterNetwork): readonly PodCutNode[] =>
    nodes.map((network) => ({
      pods: () => placedPods(files.cluster(plan.name).node(network.node.index).kubeletSocket),
      applyRules: (input) => network.applyRules(input),
    }))
  const byName = new Map(clusters.map((cluster) => [cluster.plan.name, podNodes(cluster)]))
  return {
    cuts,
    pods: new PodCuts({ clock, log, nodes: byName }),
    slow: new SlowPaths({ clock, log, clusters, cuts }, files.state),
  }
}
