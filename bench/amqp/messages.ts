/** What the benchmark tells its peer process, and what that answers. */
import type { KeyPair } from '../../src/pki/certificates.ts'

export interface PeerSetup {
  readonly authority: string
  readonly leaf: KeyPair
}

/** Ports of the peer: AMQP, and plain TLS connections that sink or echo. */
export interface PeerPorts {
  readonly amqp: number
  readonly sink: number
  readonly echo: number
}
