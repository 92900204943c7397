/**
 * Loads @peculiar/x509 on first use: it and reflect-metadata cost about 100 ms that a process which only
 * checks certificates never needs to pay.
 */
import { webcrypto } from 'node:crypto'

export type X509Module = typeof import('./x509-library.ts')

/** The library. Node keeps one copy, so calling it again costs nothing. */
export function loadX509(): Promise<X509Module> {
  return import('./x509-library.ts')
}

/** All our keys: ECDSA on P-256, which every TLS stack signs and checks fast. */
export const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

/** A new key pair whose private half can be written to a file. */
export function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify'])
}

/** PKCS #8 in PEM. */
export async function keyToPem(x509: X509Module, key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', key)
  return `${x509.PemConverter.encode(der, 'PRIVATE KEY')}\n`
}

/** Reads what keyToPem wrote, for signing. */
export function keyFromPem(x509: X509Module, pem: string): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), KEY_ALGORITHM, false, [
    'sign',
  ])
}
