/**
 * The authority of this cluster in Secret fairlead-authority: what makes it a member. Written when it founds, joins, or
 * renews; checked before it is used.
 */
import { X509Certificate } from 'node:crypto'
import { TrustKey, TrustSecret } from '../api/trust.ts'
import { describeError } from '../core/errors.ts'
import type { KubeClient } from '../kube/types.ts'
import { type VerifiedAuthority, verifyAuthority } from '../pki/authority-check.ts'
import { readCertificates, type TrustAnchors } from '../pki/chain.ts'
import { fitsKey } from '../pki/cluster-authority.ts'
import { ChainError } from '../pki/errors.ts'
import { authorityIdentity } from '../pki/identity.ts'
import { anchorsOf, type StatementReader, type TrustStatement } from '../pki/trust-statement.ts'
import { TrustError } from './errors.ts'
import {
  readSecret,
  requireText,
  type SecretClient,
  type SecretMarks,
  type SecretObject,
  type SecretValues,
  secretText,
  writeSecret,
} from './secrets.ts'

/** All text is PEM, except for the statement. */
export interface AuthorityMaterial {
  /** The roots that are trusted, the one that signs first. */
  readonly roots: string
  readonly certificate: string
  /** PKCS #8. */
  readonly key: string
  /** The newest trust statement: JSON of a SignedStatement. */
  readonly statement?: string | undefined
  /** Key of the authority that is being asked for. */
  readonly nextKey?: string | undefined
}

/** Material that was checked. */
export interface ClusterAuthority extends VerifiedAuthority {
  readonly material: AuthorityMaterial
  readonly certificate: X509Certificate
  readonly anchors: TrustAnchors
  /** Others do not believe it any more; the cluster's own processes go on with each other. */
  readonly isRevoked: boolean
  /** Undefined while there is none. */
  readonly statement?: TrustStatement
}

/** What is in the Secret; undefined when there is none. Not checked. Throws TrustError when a part is missing. */
export async function loadAuthority(
  client: Pick<KubeClient, 'get'>,
  namespace: string,
): Promise<AuthorityMaterial | undefined> {
  const secret = await readSecret(client, { namespace, name: TrustSecret.authority })
  return secret === undefined ? undefined : authorityMaterial(secret)
}

/** Writes the Secret: a new one, or in the place of exactly the version that `present` is. */
export function saveAuthority(
  client: SecretClient,
  namespace: string,
  material: AuthorityMaterial,
  present?: SecretObject,
  marks: SecretMarks = {},
): Promise<SecretObject> {
  const ref = { namespace, name: TrustSecret.authority }
  return writeSecret(client, ref, present, authorityValues(material), marks)
}

/** What the Secret of an authority holds. */
export function authorityValues(material: AuthorityMaterial): SecretValues {
  return {
    [TrustKey.roots]: material.roots,
    [TrustKey.certificate]: material.certificate,
    [TrustKey.key]: material.key,
    [TrustKey.statement]: material.statement,
    [TrustKey.nextKey]: material.nextKey,
  }
}

/** Throws TrustError when a part is missing. */
export function authorityMaterial(secret: SecretObject): AuthorityMaterial {
  return {
    roots: requireText(secret, TrustKey.roots),
    certificate: requireText(secret, TrustKey.certificate),
    key: requireText(secret, TrustKey.key),
    statement: secretText(secret, TrustKey.statement),
    nextKey: secretText(secret, TrustKey.nextKey),
  }
}

/** Who the cluster is by its authority, expired or not. Throws TrustError when the certificate says nobody. */
export function authorityOwner({ certificate }: Pick<AuthorityMaterial, 'certificate'>) {
  return readPart(TrustKey.certificate, () => authorityIdentity(new X509Certificate(certificate)))
}

/**
 * Throws TrustError that says what is wrong: a key that is not the certificate's, another root, another cluster than
 * `wanted`, a certificate that has ended at `now` (milliseconds since 1970).
 */
export function checkAuthority(
  material: AuthorityMaterial,
  reader: StatementReader,
  now: number,
  wanted: { readonly cluster?: string | undefined; readonly clusterset?: string | undefined } = {},
): ClusterAuthority {
  const certificate = readPart(TrustKey.certificate, () => new X509Certificate(material.certificate))
  const owner = authorityOwner(material)
  for (const [what, has, asked] of [
    ['cluster', owner.cluster, wanted.cluster],
    ['clusterset', owner.clusterset, wanted.clusterset],
  ] as const) {
    if (asked !== undefined && asked !== has)
      throw fault(`the certificate is for ${what} ${has}, and this is ${asked}`)
  }
  if (!readPart(TrustKey.key, () => fitsKey(certificate, material.key)))
    throw fault(`${TrustKey.key} is not the key of ${TrustKey.certificate}`)
  const roots = readPart(TrustKey.roots, () => readCertificates(material.roots))
  const statement = readStatement(material, reader, { clusterset: owner.clusterset, roots })
  const anchors: TrustAnchors =
    statement === undefined ? { clusterset: owner.clusterset, roots } : withRoots(anchorsOf(statement), roots)
  const { revokedAt: _, ...believed } = anchors
  const verified = readPart(TrustKey.certificate, () => verifyAuthority(certificate, believed, now))
  const revokedAt = anchors.revokedAt?.(owner.cluster)
  const isRevoked = revokedAt !== undefined && certificate.validFromDate.getTime() <= revokedAt
  return { ...verified, material, certificate, anchors, isRevoked, ...(statement && { statement }) }
}

function readStatement(
  { statement }: AuthorityMaterial,
  reader: StatementReader,
  trusted: TrustAnchors,
): TrustStatement | undefined {
  if (statement === undefined) return undefined
  return readPart(TrustKey.statement, () => reader.read(reader.decode(statement), trusted))
}

/** As links trust: what the statement says, and what stands beside it. */
function withRoots(anchors: TrustAnchors, roots: TrustAnchors['roots']): TrustAnchors {
  const more = roots.filter((root) => !anchors.roots.some((known) => known.raw.equals(root.raw)))
  return { ...anchors, roots: [...anchors.roots, ...more] }
}

function readPart<T>(key: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof ChainError) throw fault(cause.message, cause)
    // Not as a cause: it may hold what it was given.
    throw fault(`${key} cannot be used: ${describeError(cause)}`)
  }
}

function fault(message: string, cause?: unknown): TrustError {
  return new TrustError(`Secret ${TrustSecret.authority}: ${message}`, cause === undefined ? {} : { cause })
}
