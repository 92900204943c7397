/**
 * Dials an endpoint: TCP, mutual TLS, then a look at who answered. Every step has a bound.
 */
import { isIP, type Socket, connect as tcpConnect } from 'node:net'
import { type TLSSocket, connect as tlsConnect } from 'node:tls'
import type { LinkEndpoint } from '../api/link.ts'
import type { Clock } from '../core/clock.ts'
import { TimeoutError } from '../core/errors.ts'
import { alternativeNamesIdentity, type PeerIdentity } from '../pki/identity.ts'
import { LinkLostError, PeerRefusedError } from './errors.ts'
import { CONNECT_TIMEOUT_MS, HANDSHAKE_TIMEOUT_MS } from './limits.ts'
import type { TlsCredentials } from './tls-files.ts'
import { tuneSocket } from './tls-options.ts'

/** A socket and who is at its other end. */
export interface PeerSocket {
  readonly socket: TLSSocket
  readonly peer: PeerIdentity
}

/** `host:port`, with brackets around IPv6 addresses. */
export function endpointName({ host, port }: LinkEndpoint): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
}

/**
 * Connects with one ALPN protocol. Throws LinkLostError or TimeoutError when the network fails, PeerRefusedError when
 * the certificate of the other side is not one of our clusterset.
 */
export async function dialTls(
  clock: Clock,
  endpoint: LinkEndpoint,
  credentials: TlsCredentials,
  protocol: string,
  signal: AbortSignal,
): Promise<PeerSocket> {
  const where = endpointName(endpoint)
  const tcp = tcpConnect({ host: endpoint.host, port: endpoint.port, noDelay: true })
  await opened(clock, tcp, 'connect', CONNECT_TIMEOUT_MS, `connecting to ${where}`, signal)
  const socket = tlsConnect({
    socket: tcp,
    secureContext: credentials.context,
    ALPNProtocols: [protocol],
    rejectUnauthorized: true,
    // The chain is checked against our root; the owner is the SPIFFE URI, whatever name or address was dialled.
    checkServerIdentity: () => undefined,
    ...(isIP(endpoint.host) === 0 ? { servername: endpoint.host } : {}),
  })
  await opened(clock, socket, 'secureConnect', HANDSHAKE_TIMEOUT_MS, `TLS with ${where}`, signal)
  tuneSocket(socket)
  socket.on('error', () => {}) // Its owner listens too; until there is one, losing it must not end the process.
  return { socket, peer: peerOf(socket, credentials.identity, protocol) }
}

/** Waits for `event`; on error, time-out or abort the socket is destroyed and the error thrown. */
async function opened(
  clock: Clock,
  socket: Socket,
  event: 'connect' | 'secureConnect',
  timeoutMs: number,
  what: string,
  signal: AbortSignal,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onError = (error: Error) => reject(openingError(what, error))
  const onClose = () => reject(new LinkLostError(`${what}: connection closed`))
  const onAbort = () => reject(signal.reason)
  socket.once(event, resolve).once('error', onError).once('close', onClose)
  signal.addEventListener('abort', onAbort)
  const cancel = clock.after(timeoutMs, () =>
    reject(new TimeoutError(`${what} took longer than ${timeoutMs} ms`)),
  )
  if (signal.aborted) onAbort()
  try {
    await promise
  } catch (error) {
    socket.on('error', () => {}).destroy()
    throw error
  } finally {
    cancel()
    signal.removeEventListener('abort', onAbort)
    socket.off(event, resolve).off('error', onError).off('close', onClose)
  }
}

/** OpenSSL's verdict on the peer's chain is a refusal, everything else the network's fault. */
function openingError(what: string, cause: Error & { code?: string }): Error {
  const code = cause.code ?? ''
  if (code === 'CERT_HAS_EXPIRED')
    return new PeerRefusedError('expired', `${what}: its certificate has expired`, { cause })
  if (/CERT|ISSUER|SIGNATURE|CHAIN/.test(code)) {
    return new PeerRefusedError('untrusted', `${what}: its certificate is not trusted`, { cause })
  }
  return new LinkLostError(`${what} failed`, { cause })
}

function peerOf(socket: TLSSocket, own: PeerIdentity, protocol: string): PeerIdentity {
  try {
    const peer = alternativeNamesIdentity(socket.getPeerCertificate().subjectaltname)
    if (peer.clusterset !== own.clusterset) {
      throw new PeerRefusedError(
        'clusterset',
        `the peer belongs to clusterset ${peer.clusterset}, not ${own.clusterset}`,
      )
    }
    if (socket.alpnProtocol !== protocol) {
      throw new PeerRefusedError('handshake', `the peer does not speak ${protocol}`)
    }
    return peer
  } catch (error) {
    socket.on('error', () => {}).destroy()
    if (error instanceof PeerRefusedError) throw error
    throw new PeerRefusedError('identity', 'the peer cannot be told from its certificate', { cause: error })
  }
}
