/** Loopback mode's stand-in for networks: every cluster has a part of 127.0.0.0/8, and nothing keeps them apart. */
import type { ClientPod } from '../control/protocol.ts'
import { LabError } from '../errors.ts'
import type { LabConfig } from '../lab-config.ts'
import type { LabFiles } from '../layout.ts'
import type {
  ClientPodRequest,
  ClientSource,
  ClusterPlace,
  LabFaults,
  LabNetwork,
} from '../supervisor/lab-network.ts'
import type { ClusterPlan } from '../topology.ts'
import { dieWithParent } from './die-with-parent.ts'

export interface LoopbackNetworkConfig {
  readonly lab: LabConfig
  readonly files: LabFiles
}

/** Nothing has to be made: all of 127.0.0.0/8 is there. */
export function createLoopbackNetwork({ lab, files }: LoopbackNetworkConfig): LabNetwork {
  return { places: lab.clusters.map((plan) => placeOf(plan, files)), faults: noFaults }
}

function placeOf(plan: ClusterPlan, files: LabFiles): ClusterPlace {
  return { plan, clients: new LoopbackClients(plan, files), inside: [dieWithParent] }
}

/** Commands of `lab exec` run as they are; only the DNS they should ask is told. */
class LoopbackClients implements ClientSource {
  readonly #plan: ClusterPlan
  readonly #files: LabFiles
  #count = 0

  constructor(plan: ClusterPlan, files: LabFiles) {
    this.#plan = plan
    this.#files = files
  }

  get count(): number {
    return this.#count
  }

  async create({ namespace }: ClientPodRequest, gone: AbortSignal): Promise<ClientPod> {
    const { nodes, dnsAddress, dnsPort, name } = this.#plan
    this.#count += 1
    gone.addEventListener('abort', () => {
      this.#count -= 1
    })
    return {
      name: `client-of-${name}`,
      address: nodes[0].gateway,
      namespaces: undefined,
      resolvConf: this.#files.cluster(name).resolvConf(namespace),
      nsswitchConf: this.#files.nsswitchConf,
      dns: `${dnsAddress}:${dnsPort}`,
    }
  }
}

const noFaults: LabFaults = {
  cuts: { list: () => [], change: async (action) => refuse(action), reset: async () => refuse('reset') },
  pods: { list: () => [], cut: async () => refuse('cut'), heal: async () => refuse('heal') },
  slow: { list: () => [], change: async () => refuse('slow down') },
}

function refuse(action: string): never {
  throw new LabError(`loopback mode has no network to ${action}: that needs a lab in namespaces`)
}
