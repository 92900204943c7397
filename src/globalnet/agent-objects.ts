/**
 * What the agent reads of the resources of global addresses, and where they live.
 */
import { FAIRLEAD_GROUP } from '../api/names.ts'
import type { KubeObject, Protocol } from '../api/objects.ts'
import type { ResourceType } from '../api/resources.ts'

/** The address of an exported Service, or of one endpoint of a headless one. */
export interface GlobalIngressIP extends KubeObject {
  spec?: { target?: { kind?: string } }
  status?: {
    allocatedIP?: string
    /** Of an endpoint: where it is. */
    endpoint?: {
      address: string
      ports?: { protocol?: Protocol; port: number; targetPort: number }[]
    }
  }
}

/** The settings of the clusterset's global addresses. */
export interface GlobalNetwork extends KubeObject {
  spec?: { range?: string }
}

/** Name of the only GlobalNetwork. */
export const GLOBAL_NETWORK = 'cluster'

const version = 'v1alpha1'

export const AgentResource = {
  globalIngressIp: {
    group: FAIRLEAD_GROUP,
    version,
    plural: 'globalingressips',
    kind: 'GlobalIngressIP',
    namespaced: true,
  },
  globalNetwork: {
    group: FAIRLEAD_GROUP,
    version,
    plural: 'globalnetworks',
    kind: 'GlobalNetwork',
    namespaced: false,
  },
} as const satisfies Record<string, ResourceType>
