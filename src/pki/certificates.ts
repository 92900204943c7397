/**
 * Issues X.509 certificates (RFC 5280): authorities and the leaves they sign. Knows nothing of files or identities.
 */
import { randomBytes, webcrypto } from 'node:crypto'
import type { Extension, JsonGeneralName, X509Certificate } from '@peculiar/x509'
import { PkiError } from './errors.ts'
import { CLOCK_SKEW_MS, MAX_DAYS, SERIAL_BYTES } from './limits.ts'
import { generateKeys, KEY_ALGORITHM, keyFromPem, keyToPem, loadX509, type X509Module } from './x509.ts'

const DAY_MS = 86_400_000

/** A certificate and its private key (PKCS #8), both PEM. */
export interface KeyPair {
  readonly certPem: string
  readonly keyPem: string
}

export interface AuthorityRequest {
  readonly commonName: string
  /** Life, days; a part of a day will do. */
  readonly days: number
  readonly uris?: readonly string[]
}

export interface SubordinateRequest extends AuthorityRequest {
  readonly publicKey: webcrypto.CryptoKey
  /** Milliseconds since 1970. Default: somewhat before now, as clocks differ. */
  readonly notBefore?: number
}

type CertificateUsage = 'server' | 'client'

export interface CertificateRequest {
  /** Milliseconds since 1970. Default: somewhat before now, as clocks differ. */
  readonly notBefore?: number
  readonly commonName: string
  readonly organization?: string
  readonly dnsNames?: readonly string[]
  readonly ips?: readonly string[]
  readonly uris?: readonly string[]
  readonly usages: readonly CertificateUsage[]
  readonly days: number
}

/** A self-signed authority that may sign leaves and one level of authorities below it. `now`: milliseconds since 1970. */
export async function createAuthority(request: AuthorityRequest, now = Date.now()): Promise<KeyPair> {
  const x509 = await loadX509()
  const keys = await generateKeys()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: [{ CN: [request.commonName] }],
      keys,
      serialNumber: newSerial(),
      ...validity(request.days, now),
      signingAlgorithm: KEY_ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(true, 1, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        ...alternativeNames(x509, { uris: request.uris ?? [] }),
      ],
    },
    webcrypto,
  )
  return { certPem: certificateToPem(certificate), keyPem: await keyToPem(x509, keys.privateKey) }
}

/** An authority below `issuer` that signs leaves and no authorities; it never outlives its issuer. */
export async function issueAuthority(
  issuer: KeyPair,
  { publicKey, notBefore, ...request }: SubordinateRequest,
  now = Date.now(),
): Promise<string> {
  const x509 = await loadX509()
  const subject = notBefore === undefined ? request : { ...request, notBefore }
  const certificate = await signed(x509, issuer, publicKey, subject, now, (parent) =>
    authorityExtensions(x509, parent, publicKey, request.uris ?? []),
  )
  return certificateToPem(certificate)
}

/** A leaf with a key of its own, signed by `authority`; it never outlives its authority. */
export async function issueCertificate(
  authority: KeyPair,
  request: CertificateRequest,
  now = Date.now(),
): Promise<KeyPair> {
  const x509 = await loadX509()
  const keys = await generateKeys()
  const certificate = await signed(x509, authority, keys.publicKey, request, now, (issuer) =>
    leafExtensions(x509, issuer, keys.publicKey, request),
  )
  return { certPem: certificateToPem(certificate), keyPem: await keyToPem(x509, keys.privateKey) }
}

type Subject = Pick<CertificateRequest, 'commonName' | 'organization' | 'days'> & {
  readonly notBefore?: number
}

async function signed(
  x509: X509Module,
  authority: KeyPair,
  publicKey: webcrypto.CryptoKey,
  subject: Subject,
  now: number,
  extensionsUnder: (issuer: X509Certificate) => Promise<Extension[]>,
): Promise<X509Certificate> {
  const issuer = readAuthority(x509, authority.certPem)
  const { notBefore, notAfter } = validity(subject.days, now)
  return await x509.X509CertificateGenerator.create(
    {
      subject: subjectOf(subject),
      issuer: issuer.subjectName.toJSON(),
      publicKey,
      signingKey: await keyFromPem(x509, authority.keyPem),
      serialNumber: newSerial(),
      notBefore: subject.notBefore === undefined ? notBefore : new Date(subject.notBefore),
      notAfter: new Date(Math.min(notAfter.getTime(), issuer.notAfter.getTime())),
      signingAlgorithm: KEY_ALGORITHM,
      extensions: await extensionsUnder(issuer),
    },
    webcrypto,
  )
}

async function authorityExtensions(
  x509: X509Module,
  issuer: X509Certificate,
  publicKey: webcrypto.CryptoKey,
  uris: readonly string[],
): Promise<Extension[]> {
  return [
    new x509.BasicConstraintsExtension(true, 0, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    await x509.SubjectKeyIdentifierExtension.create(publicKey, false, webcrypto),
    await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey, false, webcrypto),
    ...alternativeNames(x509, { uris }),
  ]
}

async function leafExtensions(
  x509: X509Module,
  issuer: X509Certificate,
  publicKey: webcrypto.CryptoKey,
  request: CertificateRequest,
): Promise<Extension[]> {
  const usage = { server: x509.ExtendedKeyUsage.serverAuth, client: x509.ExtendedKeyUsage.clientAuth }
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension(request.usages.map((name) => usage[name])),
    await x509.SubjectKeyIdentifierExtension.create(publicKey, false, webcrypto),
    await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey, false, webcrypto),
    ...alternativeNames(x509, request),
  ]
}

function alternativeNames(
  x509: X509Module,
  names: Pick<CertificateRequest, 'dnsNames' | 'ips' | 'uris'>,
): Extension[] {
  const all: JsonGeneralName[] = [
    ...(names.dnsNames ?? []).map((value) => ({ type: 'dns', value }) as const),
    ...(names.ips ?? []).map((value) => ({ type: 'ip', value }) as const),
    ...(names.uris ?? []).map((value) => ({ type: 'url', value }) as const),
  ]
  return all.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(all)]
}

function subjectOf({ commonName, organization }: Subject): Record<string, string[]>[] {
  const name = { CN: [commonName] }
  return organization === undefined ? [name] : [{ O: [organization] }, name]
}

function readAuthority(x509: X509Module, pem: string): X509Certificate {
  try {
    const certificate = new x509.X509Certificate(pem)
    if (certificate.getExtension(x509.BasicConstraintsExtension)?.ca === true) return certificate
  } catch (cause) {
    throw new PkiError('the authority certificate cannot be read', { cause })
  }
  throw new PkiError('the certificate given as authority is not one (basicConstraints CA is not set)')
}

function validity(days: number, now: number): { notBefore: Date; notAfter: Date } {
  if (!(days > 0 && days <= MAX_DAYS))
    throw new PkiError(`a certificate lives 0 to ${MAX_DAYS} days, not ${days}`)
  return { notBefore: new Date(now - CLOCK_SKEW_MS), notAfter: new Date(now + days * DAY_MS) }
}

/** Positive and never zero: the first byte is 1 to 127 (RFC 5280 section 4.1.2.2). */
function newSerial(): string {
  const bytes = randomBytes(SERIAL_BYTES)
  bytes[0] = ((bytes[0] ?? 0) & 0x7e) | 1
  return bytes.toString('hex')
}

function certificateToPem(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`
}
