/**
 * Who a certificate chain speaks for: leaf, the authority of its cluster, a root of the clusterset. Checks what TLS does
 * not know, that the names in it agree, and everything again for chains that come by other ways than TLS.
 */
import { X509Certificate } from 'node:crypto'
import { ChainError, IdentityError } from './errors.ts'
import { authorityIdentity, certificateIdentity, type PeerIdentity } from './identity.ts'
import { CLOCK_SKEW_MS, MAX_CERTIFICATE, MAX_CHAIN, MAX_ROOTS } from './limits.ts'

/** What a clusterset's members trust. */
export interface TrustAnchors {
  readonly clusterset: string
  /** During a rotation there are two. */
  readonly roots: readonly X509Certificate[]
  /** Certificates of a cluster that are valid from then or earlier are void, milliseconds since 1970. */
  readonly revokedAt?: (cluster: string) => number | undefined
}

/** A chain that holds. */
export interface VerifiedChain {
  readonly identity: PeerIdentity
  /** When the first of its certificates ends, milliseconds since 1970. */
  readonly validUntil: number
  /** From when the certificate is valid that a root signed: what a revocation is measured by. */
  readonly since: number
}

/** What TLS needs of a leaf, whichever side it is on (RFC 5280 section 4.2.1.12: id-kp-serverAuth, id-kp-clientAuth). */
const LEAF_USAGES = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'] as const

/**
 * Throws ChainError unless `chain` (leaf first, with or without its root at the end) leads to a root, names one cluster
 * all along and is valid at `now` (milliseconds since 1970).
 */
export function verifyChain(
  chain: readonly X509Certificate[],
  anchors: TrustAnchors,
  now: number,
): VerifiedChain {
  const [leaf, ...rest] = chain
  if (leaf === undefined) throw new ChainError('untrusted', 'there is no certificate')
  if (chain.length > MAX_CHAIN) throw new ChainError('untrusted', `more than ${MAX_CHAIN} certificates`)
  const identity = leafIdentity(leaf)
  const authority = authorityOf(leaf, rest, anchors)
  const links = authority === undefined ? [leaf] : [leaf, authority]
  if (authority !== undefined) requireAuthority(leaf, authority, identity)
  const topmost = authority ?? leaf
  if (!anchors.roots.some((root) => signs(root, topmost)))
    throw new ChainError('untrusted', 'no root of the clusterset has signed it')
  for (const certificate of links) requireValid(certificate, now)
  requireMember(identity, topmost, anchors)
  return {
    identity,
    validUntil: Math.min(...links.map((certificate) => certificate.validToDate.getTime())),
    since: topmost.validFromDate.getTime(),
  }
}

/** From when the certificate of a chain is valid that a root signed, milliseconds since 1970: see VerifiedChain.since. The chain is not checked. */
export function chainSince(chain: readonly X509Certificate[], roots: readonly X509Certificate[]): number {
  const [leaf, ...rest] = chain
  if (leaf === undefined) throw new ChainError('untrusted', 'there is no certificate')
  return (authorityOf(leaf, rest, { roots }) ?? leaf).validFromDate.getTime()
}

/** The certificates in PEM text, in its order. Throws ChainError when there is none, too many, or one that cannot be read. */
export function readCertificates(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (blocks.length === 0) throw new ChainError('untrusted', 'there is no certificate')
  if (blocks.length > MAX_ROOTS) throw new ChainError('untrusted', `more than ${MAX_ROOTS} certificates`)
  return blocks.map(readCertificate)
}

/**
 * One certificate as it travels: DER in base64. Throws ChainError when it cannot be read, and when it is written otherwise
 * than encodeCertificate does, with something behind it for instance.
 */
export function decodeCertificate(base64: string): X509Certificate {
  const certificate = readCertificate(Buffer.from(base64, 'base64'))
  if (encodeCertificate(certificate) === base64) return certificate
  throw new ChainError('untrusted', 'a certificate has something beside it')
}

/** The way back of decodeCertificate. */
export function encodeCertificate(certificate: X509Certificate): string {
  return certificate.raw.toString('base64')
}

/** SHA-256 of a certificate's DER, in lower-case hexadecimal: what people compare and invites pin. */
export function certificateSha256(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase()
}

function readCertificate(text: string | Buffer): X509Certificate {
  if (text.length > MAX_CERTIFICATE) throw new ChainError('untrusted', 'a certificate is too long')
  try {
    return new X509Certificate(text)
  } catch (cause) {
    throw new ChainError('untrusted', 'a certificate cannot be read', { cause })
  }
}

function leafIdentity(leaf: X509Certificate): PeerIdentity {
  if (leaf.ca)
    throw new ChainError('usage', 'an authority is shown where the certificate of a process belongs')
  const usages: readonly string[] = leaf.keyUsage ?? []
  if (!LEAF_USAGES.every((usage) => usages.includes(usage)))
    throw new ChainError('usage', 'the certificate is not for both sides of TLS')
  return named(() => certificateIdentity(leaf))
}

function requireAuthority(leaf: X509Certificate, authority: X509Certificate, identity: PeerIdentity): void {
  if (!authority.ca) throw new ChainError('usage', 'it is signed by a certificate that is no authority')
  if (!signs(authority, leaf)) throw new ChainError('untrusted', 'its authority has not signed it')
  const { clusterset, cluster } = named(() => authorityIdentity(authority))
  if (clusterset !== identity.clusterset || cluster !== identity.cluster)
    throw new ChainError(
      'identity',
      `the authority of ${cluster} signed a certificate of ${identity.cluster}`,
    )
}

function requireMember(
  { clusterset, cluster }: PeerIdentity,
  topmost: X509Certificate,
  anchors: TrustAnchors,
): void {
  if (clusterset !== anchors.clusterset)
    throw new ChainError('clusterset', `clusterset ${clusterset} is not ours`)
  const revokedAt = anchors.revokedAt?.(cluster)
  if (revokedAt !== undefined && topmost.validFromDate.getTime() <= revokedAt)
    throw new ChainError('revoked', `cluster ${cluster} was revoked`)
}

/** Its beginning may lie ahead by as much as clocks may differ. */
function requireValid(certificate: X509Certificate, now: number): void {
  // Negated: a time that cannot be read is NaN.
  if (!(certificate.validToDate.getTime() >= now))
    throw new ChainError('expired', 'the certificate has expired')
  if (!(certificate.validFromDate.getTime() <= now + CLOCK_SKEW_MS))
    throw new ChainError('expired', 'the certificate is not valid yet')
}

/** The one that should have signed the leaf, when it is not a root itself. */
function authorityOf(
  leaf: X509Certificate,
  rest: readonly X509Certificate[],
  anchors: Pick<TrustAnchors, 'roots'>,
): X509Certificate | undefined {
  return rest.find((candidate) => leaf.issuer === candidate.subject && !isRoot(candidate, anchors))
}

function isRoot(certificate: X509Certificate, { roots }: Pick<TrustAnchors, 'roots'>): boolean {
  return roots.some((root) => root.raw.equals(certificate.raw))
}

function signs(issuer: X509Certificate, certificate: X509Certificate): boolean {
  if (certificate.issuer !== issuer.subject) return false
  try {
    return certificate.verify(issuer.publicKey)
  } catch (cause) {
    // OpenSSL reads keys and signatures only when they are used.
    throw new ChainError('untrusted', 'the key of a certificate cannot be read', { cause })
  }
}

function named<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof IdentityError) throw new ChainError('identity', cause.message, { cause })
    throw cause
  }
}
