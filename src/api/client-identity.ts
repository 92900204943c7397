/**
 * Who is behind a client address of the own cluster.
 */

/** The pod that has an address now. */
export interface ClientIdentity {
  readonly namespace: string
  readonly pod: string
  readonly serviceAccount: string
}

/** Looked up once for each new flow. */
export interface ClientSource {
  /** Undefined when no running pod is known to have the address for itself. */
  find(address: string): ClientIdentity | undefined
}
