/**
 * The dialling side of a WebSocket: outer TLS with whoever answers for the host name, and the upgrade.
 */
import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { checkServerIdentity, rootCertificates, type TLSSocket, connect as tlsConnect } from 'node:tls'
import { WebSocket } from 'ws'
import { WEB_SOCKET_PATH, WEB_SOCKET_PROTOCOL, type WebSocketSettings } from '../api/link.ts'
import { alternativeNamesIdentity } from '../pki/identity.ts'
import { authorityOf, type DialDeps, type DialTarget, dialTimeouts, endpointName } from './dial-target.ts'
import { PeerRefusedError } from './errors.ts'
import { MAX_UPGRADE_HEADER, MAX_WEB_SOCKET_MESSAGE } from './limits.ts'
import { failed, opening } from './opening.ts'
import type { TlsCredentials } from './tls-files.ts'
import { WebSocketStream } from './web-socket-stream.ts'

const HTTPS_PORT = 443

/** Opens a WebSocket over `stream`. Who is at its other end is for the TLS inside it to say. */
export async function dialWebSocket(
  deps: DialDeps,
  stream: Duplex,
  target: DialTarget,
  credentials: TlsCredentials,
  signal: AbortSignal,
): Promise<Duplex> {
  const { endpoint, webSocket = {}, timeouts = dialTimeouts(undefined) } = target
  const timeoutMs = timeouts.handshakeMs
  const name = webSocket.serverName ?? endpoint.host
  const outer = outerTls(stream, name, webSocket, credentials)
  const tlsStep = { what: `HTTPS with ${authorityOf(endpoint)}`, timeoutMs, signal }
  await opening<void>(
    deps.clock,
    outer,
    tlsStep,
    (resolve) => outer.once('secureConnect', resolve),
    outerError,
  )
  outer.on('error', () => {}) // The WebSocket reports it.
  const step = { what: `opening ${endpointName(endpoint)}`, timeoutMs, signal }
  const host = endpoint.port === HTTPS_PORT ? bracketed(name) : `${bracketed(name)}:${endpoint.port}`
  return await opening<WebSocketStream>(deps.clock, outer, step, (resolve, reject) =>
    upgrade(outer, host, webSocket.path ?? WEB_SOCKET_PATH, step.what, resolve, reject),
  )
}

/**
 * The certificate must be of an authority that the system or the Link trusts, for the host's name. A router of our
 * clusterset may answer itself, when TLS is passed through to it: it is known by its identity, whatever its name.
 */
function outerTls(
  stream: Duplex,
  name: string,
  { ca }: WebSocketSettings,
  { authority, identity }: TlsCredentials,
): TLSSocket {
  return tlsConnect({
    socket: stream,
    ca: [...rootCertificates, ...(ca === undefined ? [] : [ca]), authority],
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: true,
    checkServerIdentity: (_, certificate) =>
      isOurs(certificate.subjectaltname, identity.clusterset)
        ? undefined
        : checkServerIdentity(name, certificate),
    ...(isIP(name) === 0 ? { servername: name } : {}),
  })
}

function isOurs(names: string | undefined, clusterset: string): boolean {
  try {
    return alternativeNamesIdentity(names).clusterset === clusterset
  } catch {
    return false // No identity of ours: an ordinary certificate.
  }
}

function outerError(what: string, cause: Error & { code?: string }): Error {
  const { code = '' } = cause
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return new PeerRefusedError('untrusted', `${what}: its certificate is for another name`, { cause })
  }
  if (/CERT|ISSUER|SIGNATURE|CHAIN/.test(code)) {
    return new PeerRefusedError('untrusted', `${what}: its certificate is not trusted; see webSocket.ca`, {
      cause,
    })
  }
  return failed(what, cause)
}

function upgrade(
  stream: Duplex,
  host: string,
  path: string,
  what: string,
  resolve: (opened: WebSocketStream) => void,
  reject: (error: unknown) => void,
): void {
  const socket = new WebSocket(`ws://${host}${path}`, [WEB_SOCKET_PROTOCOL], {
    autoPong: false,
    createConnection: () => stream,
    followRedirects: false,
    headers: { host },
    maxHeaderSize: MAX_UPGRADE_HEADER,
    maxPayload: MAX_WEB_SOCKET_MESSAGE,
    perMessageDeflate: false,
    skipUTF8Validation: true,
  })
  socket.once('open', () => resolve(new WebSocketStream(socket)))
  socket.on('error', (cause) => reject(upgradeError(what, cause)))
  socket.once('unexpected-response', (request, response) => {
    request.destroy()
    reject(
      new PeerRefusedError(
        'upgrade',
        `${what}: answered ${response.statusCode} instead of opening a WebSocket`,
      ),
    )
  })
}

/** An answer that is no upgrade is a refusal; a connection that broke is not. */
function upgradeError(what: string, cause: Error & { code?: string }): Error {
  if (cause.code !== undefined && !cause.code.startsWith('HPE_')) return failed(what, cause)
  return new PeerRefusedError('upgrade', `${what}: no proper answer`, { cause })
}

function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host
}
