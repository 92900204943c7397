/** The networks of a lab in namespaces. */
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import type { LabConfig } from '../lab-config.ts'
import type { LabFiles } from '../layout.ts'
import { ClientPods } from './client-pods.ts'
import { ClusterNetwork } from './cluster-network.ts'
import { createFaults } from './faults.ts'
import type { ClusterPlace, LabNetwork } from './lab-network.ts'
import { createInternet } from './node-network.ts'

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
  const clusters = await Promise.all(config.lab.clusters.map((plan) => ClusterNetwork.create(plan)))
  return {
    places: clusters.map((cluster) => placeOf(deps, config, cluster)),
    faults: createFaults(deps, clusters, config.files),
  }
}

function placeOf(
  { log }: { readonly log: Logger },
  { lab, files, hostPid }: NamespaceNetworkConfig,
  { plan, nodes }: ClusterNetwork,
): ClusterPlace {
  const clients = new ClientPods(
    { log, nodes },
    { plan, lab: files, cluster: files.cluster(plan.name), hostPid, userNamespace: lab.userNamespace },
  )
  return { plan, clients, inside: nodes.map((node) => (command: readonly string[]) => node.inside(command)) }
}
