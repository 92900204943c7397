/** Mutual TLS as links use it, for both processes of the benchmark. */
import type { SecureContextOptions } from 'node:tls'
import type { PeerSetup } from './messages.ts'

const HIGH_WATER_MARK = 256 * 1024

/** Options of both sides. */
export function tlsOptions({ authority, leaf }: PeerSetup): SecureContextOptions & { highWaterMark: number } {
  return {
    ca: authority,
    cert: leaf.certPem,
    key: leaf.keyPem,
    minVersion: 'TLSv1.3',
    ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256',
    highWaterMark: HIGH_WATER_MARK,
  }
}
