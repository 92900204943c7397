/**
 * Dials an endpoint: a stream by its transport, mutual TLS on it, then a look at who answered. Every step has a bound.
 */
import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { type TLSSocket, connect as tlsConnect } from 'node:tls'
import { Alpn } from '../api/names.ts'
import { type DialDeps, type DialTarget, dialTimeouts, endpointName } from './dial-target.ts'
import { LinkLostError, PeerRefusedError } from './errors.ts'
import { opening } from './opening.ts'
import { type AdmittedPeer, admittedPeer, PeerRevokedError, shownChain } from './peer-chain.ts'
import { connectTarget } from './tcp-connect.ts'
import type { TlsCredentials, TlsFiles } from './tls-files.ts'
import { isWrongUsage, tuneSocket } from './tls-options.ts'
import { dialWebSocket } from './web-socket-dial.ts'

/** A socket and who is at its other end. */
export interface PeerSocket {
  readonly socket: TLSSocket
  readonly peer: AdmittedPeer
}

/**
 * Connects with one ALPN protocol. Throws LinkLostError or TimeoutError when the network fails, PeerRefusedError when
 * the certificate of the other side is not one of our clusterset, or somebody between refuses.
 */
export async function dialTls(
  deps: DialDeps,
  target: DialTarget,
  tls: TlsFiles,
  protocol: string,
  signal: AbortSignal,
): Promise<PeerSocket> {
  const credentials = tls.current()
  const { endpoint, timeouts = dialTimeouts(undefined) } = target
  const stream = await dialStream(deps, target, credentials, signal)
  const socket = tlsConnect({
    socket: stream,
    secureContext: credentials.context,
    ALPNProtocols: [protocol],
    rejectUnauthorized: true,
    // The chain is checked against our root; the owner is the SPIFFE URI, whatever name or address was dialled.
    checkServerIdentity: () => undefined,
    ...(isIP(endpoint.host) === 0 ? { servername: endpoint.host } : {}),
  })
  const step = { what: `TLS with ${endpointName(endpoint)}`, timeoutMs: timeouts.handshakeMs, signal }
  await opening<void>(
    deps.clock,
    socket,
    step,
    (resolve) => socket.once('secureConnect', resolve),
    openingError,
  )
  tuneSocket(socket)
  socket.on('error', () => {}) // Its owner listens too; until there is one, losing it must not end the process.
  return { socket, peer: peerOf(deps, socket, tls, protocol) }
}

async function dialStream(
  deps: DialDeps,
  target: DialTarget,
  credentials: TlsCredentials,
  signal: AbortSignal,
): Promise<Duplex> {
  const stream = await connectTarget(deps, target, signal)
  if (target.endpoint.transport !== 'wss') return stream
  return await dialWebSocket(deps, stream, target, credentials, signal)
}

/** OpenSSL's verdict on the peer's chain is a refusal, everything else the network's fault. */
function openingError(what: string, cause: Error & { code?: string }): Error {
  const code = cause.code ?? ''
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return new PeerRefusedError('expired', `${what}: its certificate has expired or is not valid yet`, {
      cause,
    })
  if (isWrongUsage(code))
    return new PeerRefusedError('usage', `${what}: its certificate is for something else`, { cause })
  if (/CERT|ISSUER|SIGNATURE|CHAIN|^UNSPECIFIED$/.test(code)) {
    return new PeerRefusedError('untrusted', `${what}: its certificate is not trusted`, { cause })
  }
  return new LinkLostError(`${what} failed`, { cause })
}

function peerOf(deps: DialDeps, socket: TLSSocket, tls: TlsFiles, protocol: string): AdmittedPeer {
  try {
    const peer = admittedPeer(shownChain(socket), tls.trust, deps.clock.now())
    if (socket.alpnProtocol !== protocol) {
      throw new PeerRefusedError('handshake', `the peer does not speak ${protocol}`)
    }
    return peer
  } catch (error) {
    if (!isTold(deps, socket, error)) socket.destroy()
    if (error instanceof PeerRefusedError) throw error
    throw new PeerRefusedError('identity', 'the peer cannot be told from its certificate', { cause: error })
  }
}

function isTold({ onRevoked }: DialDeps, socket: TLSSocket, error: unknown): boolean {
  if (!(error instanceof PeerRevokedError) || socket.alpnProtocol !== Alpn.control) return false
  return onRevoked?.(socket, error.peer) === true
}
