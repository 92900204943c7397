/** The nodes of one cluster, with routes to each other's pods. */
import type { ClusterPlan } from '../topology.ts'
import { NodeNetwork } from './node-network.ts'

export class ClusterNetwork {
  readonly plan: ClusterPlan
  /** In the order of the plan. */
  readonly nodes: readonly NodeNetwork[]

  private constructor(plan: ClusterPlan, nodes: readonly NodeNetwork[]) {
    this.plan = plan
    this.nodes = nodes
  }

  static async create(plan: ClusterPlan): Promise<ClusterNetwork> {
    return new ClusterNetwork(
      plan,
      await Promise.all(plan.nodes.map((node) => NodeNetwork.create(plan, node))),
    )
  }

  /** Changes the nftables rules of all nodes, each in one transaction. */
  async applyRules(input: string): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.applyRules(input)))
  }
}
