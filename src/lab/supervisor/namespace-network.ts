/** The networks of a lab in namespaces. */
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import type { LabConfig } from '../lab-config.ts'
import type { LabFiles } from '../layout.ts'
import { ClientPods } from './client-pods.ts'
import { createFaults } from './faults.ts'
import type { ClusterPlace, LabNetwork } from './lab-network.ts'
import { createInternet, NodeNetwork } from './node-network.ts'

export interface NamespaceNetworkConfig {
  readonly lab: LabConfig
  readonly files: LabFiles
  /** The lab's first process as the host numbers it. */
  readonly hostPid: number
}

/** Makes them in the namespaces this process is in. */
export async function createNamespaceNetwork(
  deps: { readonly clock: Clock; readonly log: Logger },
  config: NamespaceNetworkConfig,
): Promise<LabNetwork> {
  await createInternet(config.lab.noIpv6 === undefined)
  const nodes = await Promise.all(config.lab.clusters.map((plan) => NodeNetwork.create(plan)))
  return {
    places: nodes.map((node) => placeOf(deps, config, node)),
    faults: createFaults(deps, nodes, config.files),
  }
}

function placeOf(
  { log }: { readonly log: Logger },
  { lab, files, hostPid }: NamespaceNetworkConfig,
  node: NodeNetwork,
): ClusterPlace {
  const { plan } = node
  const clients = new ClientPods(
    { log, node },
    { lab: files, cluster: files.cluster(plan.name), hostPid, userNamespace: lab.userNamespace },
  )
  return { plan, clients, inside: (command) => node.inside(command) }
}
