/** What `lab status` tells of one cluster. */

export interface ProcessStatus {
  readonly name: 'api-server' | 'node'
  /** In the lab's own process numbering; undefined between two starts. */
  readonly pid: number | undefined
  readonly restarts: number
}

export interface ClusterStatus {
  readonly name: string
  readonly ready: boolean
  readonly nodeAddress: string
  /** With the IPv6 address behind it, where there is IPv6. */
  readonly nodeAddresses: readonly string[]
  /** It can dial others and cannot be dialled. */
  readonly private: boolean
  /** Client pods of running `lab exec` commands. */
  readonly clients: number
  readonly processes: readonly ProcessStatus[]
}
