/**
 * The first keys of a clusterset: its root, and an authority of the cluster that founds it. Used by the controller and, so
 * that it is quick, by `fairlead install`.
 */
import type { KeyPair } from '../pki/certificates.ts'
import { createClusterAuthority } from '../pki/cluster-authority.ts'
import { createRoot } from '../pki/clusterset-root.ts'
import type { AuthorityIdentity } from '../pki/identity.ts'
import { revocationTime, type SignedStatement, signStatement } from '../pki/trust-statement.ts'
import type { AuthorityMaterial } from './authority-secret.ts'
import { longestLifeMark } from './longest-life.ts'
import { type RootKeys, rootsOf, rootValues } from './root-secret.ts'
import { rotationMark, type SecretMarks, type SecretValues } from './secrets.ts'
import { nextStatement } from './statement-maker.ts'
import { daysOf, type TrustSettings } from './trust-settings.ts'

/** What is to be written into a Secret. */
export interface Written<T> {
  readonly value: T
  readonly values: SecretValues
  readonly marks: SecretMarks
}

/** A root that is made for a clusterset. `now`: milliseconds since 1970. */
export async function foundRoot(
  clusterset: string,
  { rootTtl, authorityTtl, rotate }: TrustSettings,
  now: number,
): Promise<Written<RootKeys>> {
  const keys = { active: await createRoot({ clusterset, days: daysOf(rootTtl) }, now) }
  const marks = { ...rotationMark(rotate.root), ...longestLifeMark(authorityTtl) }
  return { value: keys, values: rootValues(keys), marks }
}

/** Certificate and key of the authority that the root gives to its own cluster. */
export function foundAuthority(
  keys: RootKeys,
  identity: AuthorityIdentity,
  { authorityTtl, revoked }: Pick<TrustSettings, 'authorityTtl' | 'revoked'>,
  now: number,
): Promise<KeyPair> {
  const revokedAt = revocationTime(revoked, identity.cluster)
  return createClusterAuthority(keys.active, { ...identity, days: daysOf(authorityTtl), revokedAt }, now)
}

/** All that a founder's authority Secret holds at first. */
export async function foundMaterial(
  keys: RootKeys,
  identity: AuthorityIdentity,
  settings: TrustSettings,
  now: number,
): Promise<AuthorityMaterial> {
  const { certPem, keyPem } = await foundAuthority(keys, identity, settings, now)
  return {
    roots: bundleOf(rootsOf(keys).map((root) => root.certPem)),
    certificate: certPem,
    key: keyPem,
    statement: JSON.stringify(firstStatement(keys, identity.clusterset)),
  }
}

/** One file of several certificates. */
export function bundleOf(certificates: readonly string[]): string {
  return certificates.map((pem) => `${pem.trimEnd()}\n`).join('')
}

function firstStatement(keys: RootKeys, clusterset: string): SignedStatement {
  const roots = rootsOf(keys)
  const said = nextStatement(undefined, {
    clusterset,
    roots: roots.map(({ certPem }) => certPem),
    revoked: [],
  })
  // Nothing was said before, so there is always something to say.
  return signStatement(said as NonNullable<typeof said>, roots)
}
