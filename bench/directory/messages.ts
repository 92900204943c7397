/** What the processes of the benchmark are given and tell. */

export interface HolderArgument {
  readonly tlsDir: string
  /** Of the cluster that fills it. */
  readonly feederTlsDir: string
  /** Folders with certificates of the clusters, in their order: each signs what it exports. */
  readonly signers: readonly string[]
  readonly clusters: number
  readonly exports: number
}

export interface NewcomerArgument {
  readonly tlsDir: string
  readonly linkPort: number
  /** Records it waits for. */
  readonly records: number
}

/** One router that started with nothing. */
export interface Synced {
  /** From the start of the router until it had every record, milliseconds: the handshakes included. */
  readonly ms: number
  /** User and system time meanwhile, milliseconds. */
  readonly cpuMs: number
  /** What heap and resident memory grew by, MB, after a collection. */
  readonly heapMb: number
  readonly rssMb: number
}
