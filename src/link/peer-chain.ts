/**
 * The certificates that a TLS peer has shown, and who it is by them. TLS has checked that they lead to a root and that the
 * peer has the key; that the names in them agree, and that nobody was revoked, is checked here.
 */
import { X509Certificate } from 'node:crypto'
import type { Server, TLSSocket } from 'node:tls'
import { ChainError } from '../pki/errors.ts'
import type { PeerIdentity } from '../pki/identity.ts'
import { MAX_CHAIN } from '../pki/limits.ts'
import { PeerRefusedError } from './errors.ts'
import type { TrustStore } from './trust-store.ts'

/** Who is at the other end, by a chain that holds. */
export interface AdmittedPeer extends PeerIdentity {
  /** From when the certificate is valid that a root signed: what a revocation is measured by. Milliseconds since 1970. */
  readonly since: number
}

/** A chain that would hold if its cluster, or ours, had not been revoked or left: its owner may not have heard of it. */
export class PeerRevokedError extends PeerRefusedError {
  override readonly name = 'PeerRevokedError'
  readonly peer: AdmittedPeer

  constructor(peer: AdmittedPeer, message: string) {
    super('revoked', message)
    this.peer = peer
  }
}

/**
 * Who the owner of a chain is. Throws PeerRevokedError, or PeerRefusedError with the fault of the chain. `now`:
 * milliseconds since 1970.
 */
export function admittedPeer(
  chain: readonly X509Certificate[],
  trust: TrustStore,
  now: number,
): AdmittedPeer {
  const peer = ownerOf(chain, trust, now)
  if (trust.isVoid(peer)) throw new PeerRevokedError(peer, trust.whyParted(peer.cluster))
  return peer
}

function ownerOf(chain: readonly X509Certificate[], trust: TrustStore, now: number): AdmittedPeer {
  try {
    const { identity, since } = trust.verify(chain, now)
    return { ...identity, since }
  } catch (cause) {
    if (cause instanceof ChainError) throw new PeerRefusedError(cause.fault, cause.message, { cause })
    throw cause
  }
}

/** The chain that a socket's peer has shown, leaf first; empty when it has shown none. */
export function shownChain(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = []
  // As they are linked; a root is its own issuer.
  let link: { readonly raw?: Buffer; readonly issuerCertificate?: object } | undefined =
    socket.getPeerCertificate(true)
  for (
    const seen = new Set<object>();
    link?.raw !== undefined && !seen.has(link) && seen.size < MAX_CHAIN;
  ) {
    seen.add(link)
    chain.push(new X509Certificate(link.raw))
    link = link.issuerCertificate
  }
  return chain
}

/**
 * The chains that the clients of a TLS server show. Some versions of Node, 24.21 and 26.8 among them, look at the client's
 * certificate before they emit `secureConnection`, and lose all but the leaf in doing so (nodejs/node#65579). The only
 * documented event before that with the socket is `keylog`: what it is for, the secret, is not looked at.
 */
export class ShownChains {
  readonly #chains = new WeakMap<TLSSocket, X509Certificate[]>()
  readonly #awaited = new WeakSet<TLSSocket>()

  /** Keeps the chain of each client of this server until it is asked for. */
  follow(server: Server): void {
    server.on('keylog', (_secret: Buffer, socket: TLSSocket) => {
      if (this.#awaited.has(socket)) return
      this.#awaited.add(socket)
      socket.prependOnceListener('secure', () => this.#chains.set(socket, shownChain(socket)))
    })
  }

  /** Once: it is not kept beyond that. */
  take(socket: TLSSocket): X509Certificate[] {
    const chain = this.#chains.get(socket) ?? shownChain(socket)
    this.#chains.delete(socket)
    return chain
  }
}
