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
  readonly days: number
  readonly uris?: readonly string[]
}

type CertificateUsage = 'server' | 'client'

export interface CertificateRequest {
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

/** A leaf with a key of its own, signed by `authority`; it never outlives its authority. */
export async function issueCertificate(
  authority: KeyPair,
  request: CertificateRequest,
  now = Date.now(),
): Promise<KeyPair> {
  const x509 = await loadX509()
  const issuer = readAuthority(x509, authority.certPem)
  const keys = await generateKeys()
  const { notBefore, notAfter } = validity(request.days, now)
  const certificate = await x509.X509CertificateGenerator.create(
    {
      subject: subjectOf(request),
      issuer: issuer.subjectName.toJSON(),
      publicKey: keys.publicKey,
      signingKey: await keyFromPem(x509, authority.keyPem),
      serialNumber: newSerial(),
      notBefore,
      notAfter: new Date(Math.min(notAfter.getTime(), issuer.notAfter.getTime())),
      signingAlgorithm: KEY_ALGORITHM,
      extensions: await leafExtensions(x509, issuer, keys.publicKey, request),
    },
    webcrypto,
  )
  return { certPem: certificateToPem(certificate), keyPem: await keyToPem(x509, keys.privateKey) }
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

function subjectOf({ commonName, organization }: CertificateRequest): Record<string, string[]>[] {
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
