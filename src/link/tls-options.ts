/**
 * TLS as every link uses it: version 1.3 only, both sides show certificates of the clusterset's root.
 */
import { constants } from 'node:crypto'
import type { Socket } from 'node:net'
import type { SecureContextOptions, TLSSocket, TlsOptions } from 'node:tls'
import { Alpn } from '../api/names.ts'
import { ACCEPT_TIMEOUT_MS, TCP_KEEPALIVE_MS } from './limits.ts'

/** AES-128-GCM first: hardware does it fastest, and it is as strong as our P-256 keys. */
const CIPHERS = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256'

/** Options of the context both sides share. */
export function contextOptions(files: {
  readonly authority: string
  readonly certificate: string
  readonly key: string
}): SecureContextOptions {
  return {
    ca: files.authority,
    cert: files.certificate,
    key: files.key,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    ciphers: CIPHERS,
    honorCipherOrder: true,
    // A resumed session would skip the look at the peer's certificate, which may have expired since.
    secureOptions: constants.SSL_OP_NO_TICKET,
  }
}

/** Options of the accepting side. A peer that names none of our protocols is refused by TLS; one that names none at all is not. */
export function serverOptions(files: Parameters<typeof contextOptions>[0]): TlsOptions {
  return {
    ...contextOptions(files),
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout: ACCEPT_TIMEOUT_MS,
    ALPNProtocols: [Alpn.control, Alpn.data],
  }
}

/** OpenSSL's verdicts on certificates that are good for something else. */
export function isWrongUsage(verdict: string): boolean {
  return verdict === 'INVALID_PURPOSE' || verdict === 'INVALID_CA' || verdict === 'PATH_LENGTH_EXCEEDED'
}

/** No Nagle on any link, whichever side opened it; probes find peers that vanished while nothing is sent. */
export function tuneSocket(socket: Socket | TLSSocket): void {
  socket.setNoDelay(true)
  socket.setKeepAlive(true, TCP_KEEPALIVE_MS)
}
