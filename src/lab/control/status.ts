/** What `lab status` tells of one cluster. */

export interface ProcessStatus {
  readonly name: 'api-server' | 'node'
  /** Of processes called `node`: which one. */
  readonly node?: string
  /** In the lab's own process numbering; undefined between two starts. */
  readonly pid: number | undefined
  readonly restarts: number
}

export interface NodeStatus {
  readonly name: string
  readonly ready: boolean
  /** The IPv6 address is last, where there is IPv6. */
  readonly addresses: readonly string[]
  readonly podNetwork: string
}

export interface ClusterStatus {
  readonly name: string
  readonly ready: boolean
  /** The first node's. */
  readonly nodeAddress: string
  readonly nodes: readonly NodeStatus[]
  /** It can dial others and cannot be dialled. */
  readonly private: boolean
  /** Client pods of running `lab exec` commands. */
  readonly clients: number
  readonly processes: readonly ProcessStatus[]
}
