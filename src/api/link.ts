/**
 * The Link resource (fairlead.dev/v1alpha1): a cluster this one dials.
 */
import type { Condition, KubeObject } from './objects.ts'

export interface LinkEndpoint {
  host: string
  port: number
  /** Only `tls` is dialled today. */
  transport?: 'tls' | 'wss'
}

/** Namespaced in the system namespace; its name is free, by habit the remote cluster's id. */
export interface LinkResource extends KubeObject {
  spec: { endpoints: LinkEndpoint[]; cost?: number }
  status?: { remoteCluster?: string; routers?: number; since?: string; conditions?: Condition[] }
}

export const LinkCondition = { configured: 'Configured', established: 'Established', ready: 'Ready' } as const
