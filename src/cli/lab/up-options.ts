/** What `fairlead lab up` is told. */
import type { LabMode } from '../../lab/topology.ts'
import type { LinkShape } from './link-shape.ts'

/** `embedded`: the lab's own API server. `real`: kube-apiserver, etcd and kube-controller-manager. */
export const LabApi = { embedded: 'embedded', real: 'real' } as const
export type LabApi = (typeof LabApi)[keyof typeof LabApi]

export interface UpOptions {
  readonly state: string
  readonly clusters: readonly string[]
  readonly detach?: boolean
  readonly bare?: boolean
  /** Which clusters are linked. */
  readonly topology: LinkShape
  /** Clusters that can dial others and cannot be dialled. */
  readonly private: readonly string[]
  /** Leave IPv6 out. */
  readonly ipv4Only?: boolean
  /** Nodes of each cluster. */
  readonly nodes: number
  /** Global addresses in every cluster. */
  readonly globalnet?: boolean
  /** Router replicas of each cluster. */
  readonly routers: number
  readonly mode: LabMode
  readonly api: LabApi
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
}
