/**
 * Who is behind a client address of the own cluster.
 */

/** The pod that has an address now. */
export interface ClientIdentity {
  readonly namespace: string
  readonly pod: string
  readonly serviceAccount: string
  /** What backends of other clusters are to see. Absent: it has none. */
  readonly globalAddress?: string
}

/** One whose labels are known too. */
export interface LabelledClient extends ClientIdentity {
  readonly labels?: Readonly<Record<string, string>>
}

/** Looked up once for each new flow. */
export interface ClientSource {
  /** Undefined when no running pod is known to have the address for itself. */
  find(address: string): ClientIdentity | undefined
  /** The global address of a client that is no such pod: on a host's network, or outside. Absent: none has one. */
  globalAddressOf?(address: string): string | undefined
}
