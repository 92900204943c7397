/**
 * Where a process has its key, its certificate and the roots it trusts from: a folder, or whatever else can be read and
 * read again.
 */

/** Names of the files in a folder, and of the keys in a Secret of type kubernetes.io/tls. */
export const TLS_FILES = { authority: 'ca.crt', certificate: 'tls.crt', key: 'tls.key' } as const

/** The newest trust statement, beside TLS_FILES. There may be none. */
export const TRUST_FILE = 'trust.json'

/** What one read gave, as text. */
export interface CredentialFiles {
  /** PEM: the roots of the clusterset. */
  readonly authority: string
  /** PEM: the certificate of the process, then that of its cluster's authority, unless a root signed it. */
  readonly certificate: string
  /** PEM, PKCS #8. */
  readonly key: string
  /** A SignedStatement as JSON. */
  readonly trust?: string
}

export interface CredentialSource {
  /** For people: `the folder /etc/fairlead/tls`. */
  readonly name: string
  /**
   * A source that will have something good sometime: nothing, or something bad, at the start is waited for. Else it is an
   * error of `TlsFiles.start`.
   */
  readonly waits: boolean
  /** What there is now; undefined while there is nothing. Throws, in words for people, why it cannot be read. */
  read(): Promise<CredentialFiles | undefined>
  /** Calls `hint` when there may be something else to read. Returns the way to stop. Absent: it is read again now and then. */
  subscribe?(hint: () => void): () => void
  /** Keeps a newer trust statement for the next start. Absent: somebody else does. Throws why it cannot. */
  keepTrust?(trust: string): Promise<void>
}
