/**
 * The authority of one cluster: asked for by a certificate request (RFC 2986), signed by a root, good for one cluster id.
 */
import { createPublicKey, webcrypto, X509Certificate } from 'node:crypto'
import type { Pkcs10CertificateRequest } from '@peculiar/x509'
import { issueAuthority, type KeyPair } from './certificates.ts'
import { certificateSha256 } from './chain.ts'
import { PkiError } from './errors.ts'
import { type AuthorityIdentity, formatAuthority, parseAuthority } from './identity.ts'
import { CLOCK_SKEW_MS, MAX_COMMON_NAME, MAX_REQUEST } from './limits.ts'
import { generateKeys, KEY_ALGORITHM, keyFromPem, keyToPem, loadX509, type X509Module } from './x509.ts'

/** A request and the key it was made with, both PEM. The key never leaves its cluster. */
export interface AuthorityKeys {
  readonly requestPem: string
  readonly keyPem: string
}

/** Keys and a request for the authority of a cluster; with `keyPem` a request for that key. */
export async function requestAuthority(identity: AuthorityIdentity, keyPem?: string): Promise<AuthorityKeys> {
  const x509 = await loadX509()
  const keys = keyPem === undefined ? await generateKeys() : await keysOf(x509, keyPem)
  const request = await x509.Pkcs10CertificateRequestGenerator.create(
    {
      name: [{ CN: [commonName(identity)] }],
      keys,
      signingAlgorithm: KEY_ALGORITHM,
      extensions: [
        new x509.SubjectAlternativeNameExtension([{ type: 'url', value: formatAuthority(identity) }]),
      ],
    },
    webcrypto,
  )
  return {
    requestPem: `${request.toString('pem')}\n`,
    keyPem: keyPem ?? (await keyToPem(x509, keys.privateKey)),
  }
}

/** Which authority a request asks for. Throws PkiError when it cannot be read, is not signed by its own key, or has a key of another kind than ours. */
export async function readAuthorityRequest(
  requestPem: string,
): Promise<AuthorityIdentity & { readonly publicKey: webcrypto.CryptoKey }> {
  const x509 = await loadX509()
  const request = readRequest(x509, requestPem)
  const [uri, ...more] = namesIn(x509, request)
  if (uri === undefined || more.length > 0)
    throw new PkiError('the certificate request does not name one cluster')
  const identity = parseAuthority(uri)
  try {
    if (!(await request.verify(webcrypto))) throw new PkiError('its signature is wrong')
    return { ...identity, publicKey: await request.publicKey.export(KEY_ALGORITHM, ['verify'], webcrypto) }
  } catch (cause) {
    throw new PkiError('the certificate request is not signed by an ECDSA P-256 key of its own', { cause })
  }
}

export interface SigningRules extends AuthorityIdentity {
  /** Life of the authority, days. */
  readonly days: number
  /** When the cluster of that id was revoked, milliseconds since 1970: the new authority begins after that. */
  readonly revokedAt?: number | undefined
}

/** Signs a request with a root; PEM. Throws PkiError when the request is for another cluster than `rules` say. */
export async function signAuthority(
  root: KeyPair,
  requestPem: string,
  { days, revokedAt, ...identity }: SigningRules,
  now = Date.now(),
): Promise<string> {
  const { publicKey, ...asked } = await readAuthorityRequest(requestPem)
  if (formatAuthority(asked) !== formatAuthority(identity))
    throw new PkiError(`the certificate request is for cluster ${asked.cluster} of ${asked.clusterset}`)
  return await issueAuthority(
    root,
    {
      commonName: commonName(identity),
      uris: [formatAuthority(identity)],
      days,
      publicKey,
      ...(revokedAt === undefined ? {} : { notBefore: secondAfter(revokedAt, now) }),
    },
    now,
  )
}

/** An authority with keys made here, where nobody has to ask: by whoever holds the root. */
export async function createClusterAuthority(
  root: KeyPair,
  rules: SigningRules,
  now = Date.now(),
): Promise<KeyPair> {
  const { requestPem, keyPem } = await requestAuthority(rules)
  return { keyPem, certPem: await signAuthority(root, requestPem, rules, now) }
}

/** Whether a certificate is for this key (PKCS #8, PEM). */
export function fitsKey(certificate: X509Certificate, keyPem: string): boolean {
  const spki = { type: 'spki', format: 'der' } as const
  return createPublicKey(keyPem).export(spki).equals(certificate.publicKey.export(spki))
}

/** The hash of a root that an invite pins: SHA-256 of its certificate, hexadecimal. Throws PkiError when it cannot be read. */
export function rootHash(rootPem: string): string {
  try {
    return certificateSha256(new X509Certificate(rootPem))
  } catch (cause) {
    throw new PkiError('the root certificate cannot be read', { cause })
  }
}

/** When a certificate may begin after a revocation, milliseconds since 1970. Certificates count in whole seconds, and a revocation takes what begins in its second. Not long before now either, as always. */
export function secondAfter(revokedAt: number, now: number): number {
  return Math.max(now - CLOCK_SKEW_MS, Math.floor(revokedAt / 1000) * 1000 + 1000)
}

function commonName({ cluster }: AuthorityIdentity): string {
  return `authority.${cluster}`.slice(0, MAX_COMMON_NAME)
}

async function keysOf(x509: X509Module, keyPem: string): Promise<webcrypto.CryptoKeyPair> {
  const spki = createPublicKey(keyPem).export({ type: 'spki', format: 'der' })
  return {
    privateKey: await keyFromPem(x509, keyPem),
    publicKey: await webcrypto.subtle.importKey('spki', spki, KEY_ALGORITHM, true, ['verify']),
  }
}

/** The library reads extensions only when they are used. */
function namesIn(x509: X509Module, request: Pkcs10CertificateRequest): string[] {
  try {
    return request.extensions
      .filter((extension) => extension instanceof x509.SubjectAlternativeNameExtension)
      .flatMap(({ names }) => names.items.flatMap(({ type, value }) => (type === 'url' ? [value] : [])))
  } catch (cause) {
    throw new PkiError('the extensions of the certificate request cannot be read', { cause })
  }
}

function readRequest(x509: X509Module, pem: string) {
  if (pem.length > MAX_REQUEST)
    throw new PkiError(`the certificate request is longer than ${MAX_REQUEST} bytes`)
  try {
    return new x509.Pkcs10CertificateRequest(pem)
  } catch (cause) {
    throw new PkiError('the certificate request cannot be read', { cause })
  }
}
