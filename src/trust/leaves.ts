/**
 * Certificates of this cluster's processes, issued from its authority: those of routers and agents as Secrets, that of a
 * controller in its memory.
 */
import { createPrivateKey, type X509Certificate } from 'node:crypto'
import { SYSTEM_NAMESPACE } from '../api/names.ts'
import { TrustKey, TrustSecret } from '../api/trust.ts'
import type { CredentialFiles } from '../link/credential-source.ts'
import type { KeyPair } from '../pki/certificates.ts'
import { certificateSha256, readCertificates } from '../pki/chain.ts'
import { issueLeaf } from '../pki/clusterset-root.ts'
import { certificateIdentity, type Role, sameIdentity } from '../pki/identity.ts'
import type { ClusterAuthority } from './authority-secret.ts'
import { type Lifetime, lifetimeOf } from './lifetime.ts'
import { rotationOf, type SecretObject, type SecretValues, secretText } from './secrets.ts'
import { daysOf } from './trust-settings.ts'

/** Processes that read their certificate from a Secret, by its name. */
export const LEAF_SECRETS = { router: TrustSecret.router, agent: TrustSecret.agent } as const
export type LeafRole = keyof typeof LEAF_SECRETS

export interface LeafWishes {
  /** Milliseconds. */
  readonly ttl: number
  /** Counter of Trust.spec.rotate. */
  readonly rotation: number
}

/** `issue`: a new certificate is needed. `refresh`: the same, with other roots or another statement beside it. */
export type LeafState =
  | { readonly kind: 'issue'; readonly why: string }
  | { readonly kind: 'refresh' | 'good'; readonly certificate: X509Certificate; readonly lifetime: Lifetime }

/** A new certificate for a process of the authority's cluster. `now`: milliseconds since 1970. */
export async function issueLeafFiles(
  { material, identity }: ClusterAuthority,
  role: Role,
  ttl: number,
  now: number,
): Promise<CredentialFiles> {
  const authority: KeyPair = { certPem: material.certificate, keyPem: material.key }
  const service = `fairlead-${role}`
  const leaf = await issueLeaf(
    authority,
    {
      ...identity,
      role,
      dnsNames: [service, `${service}.${SYSTEM_NAMESPACE}`, `${service}.${SYSTEM_NAMESPACE}.svc`],
      days: daysOf(ttl),
    },
    now,
  )
  return {
    authority: material.roots,
    certificate: `${leaf.certPem.trimEnd()}\n${material.certificate.trimEnd()}\n`,
    key: leaf.keyPem,
    ...(material.statement === undefined ? {} : { trust: material.statement }),
  }
}

/** What the Secret of a leaf holds. */
export function leafValues({ authority, certificate, key, trust }: CredentialFiles): SecretValues {
  return {
    [TrustKey.roots]: authority,
    [TrustKey.certificate]: certificate,
    [TrustKey.key]: key,
    [TrustKey.statement]: trust,
  }
}

/** What the Secret of a leaf is to hold beside it. */
export function trustValues({ material }: Pick<ClusterAuthority, 'material'>): SecretValues {
  return { [TrustKey.roots]: material.roots, [TrustKey.statement]: material.statement }
}

/** What has to become of a leaf's Secret. */
export function leafState(
  secret: SecretObject | undefined,
  authority: ClusterAuthority,
  role: Role,
  { ttl, rotation }: LeafWishes,
  now: number,
): LeafState {
  if (secret === undefined) return { kind: 'issue', why: 'there is none' }
  const certificate = readLeaf(secret, authority, role)
  if (typeof certificate === 'string') return { kind: 'issue', why: certificate }
  if (rotationOf(secret) !== rotation) return { kind: 'issue', why: 'it is asked for' }
  const lifetime = leafLifetime(certificate, authority, ttl)
  if (now >= lifetime.renewAt) return { kind: 'issue', why: 'two thirds of its life are over' }
  const { material } = authority
  const isUpToDate =
    secretText(secret, TrustKey.roots) === material.roots &&
    secretText(secret, TrustKey.statement) === material.statement
  return { kind: isUpToDate ? 'good' : 'refresh', certificate, lifetime }
}

/** A leaf that ends with its authority cannot be renewed before that is; one that was made for longer than is wanted now goes early. */
export function leafLifetime(
  certificate: X509Certificate,
  authority: Pick<ClusterAuthority, 'certificate'>,
  ttl: number,
): Lifetime {
  const lifetime = lifetimeOf(certificate)
  const endsWithAuthority = lifetime.ends >= authority.certificate.validToDate.getTime()
  const renewAt = endsWithAuthority ? lifetime.ends : Math.min(lifetime.renewAt, lifetime.made + ttl)
  return { ...lifetime, renewAt }
}

/** The leaf, or why it is none of ours. */
function readLeaf(
  secret: SecretObject,
  { certificate: authority, identity }: ClusterAuthority,
  role: Role,
): X509Certificate | string {
  const certificates = secretText(secret, TrustKey.certificate)
  const key = secretText(secret, TrustKey.key)
  if (certificates === undefined || key === undefined) return 'it is incomplete'
  try {
    const [leaf, issuer] = readCertificates(certificates)
    if (leaf === undefined || issuer === undefined) return 'it is incomplete'
    if (certificateSha256(issuer) !== certificateSha256(authority)) return 'the authority is another one'
    if (!leaf.verify(authority.publicKey)) return 'the authority has not signed it'
    if (!sameIdentity(certificateIdentity(leaf), { ...identity, role })) return 'it names somebody else'
    return leaf.checkPrivateKey(createPrivateKey(key)) ? leaf : 'its key is of another certificate'
  } catch {
    // Whatever is wrong with it, a new one is made; what was wrong would say nothing more.
    return 'it cannot be read'
  }
}
