/**
 * The objects that make a cluster a member: the Secrets of its first keys, as the controller would make them.
 */
import { SYSTEM_NAMESPACE } from '../../api/names.ts'
import { apiVersion, Resource } from '../../api/resources.ts'
import { OFFLINE_ROOT, ROOT_ANNOTATION, TRUST, type Trust, TrustSecret } from '../../api/trust.ts'
import { createClusterAuthority } from '../../pki/cluster-authority.ts'
import type { AuthorityIdentity } from '../../pki/identity.ts'
import { StatementReader } from '../../pki/trust-statement.ts'
import { type AuthorityMaterial, authorityValues, checkAuthority } from '../../trust/authority-secret.ts'
import { foundMaterial, foundRoot } from '../../trust/founding.ts'
import { issueLeafFiles, LEAF_SECRETS, type LeafRole, leafValues } from '../../trust/leaves.ts'
import type { KnownStatement } from '../../trust/newest-statement.ts'
import type { RootKeys } from '../../trust/root-secret.ts'
import {
  newSecret,
  rotationMark,
  type SecretMarks,
  type SecretObject,
  type SecretValues,
} from '../../trust/secrets.ts'
import { daysOf, type TrustSettings } from '../../trust/trust-settings.ts'
import { revocationOf } from './readmission.ts'

export interface KeyInput {
  readonly identity: AuthorityIdentity
  readonly settings: TrustSettings
  /** Agents have certificates too. */
  readonly globalnet: boolean
  /** Milliseconds since 1970. */
  readonly now: number
}

/** The Trust of a cluster; what is not said stays as it is. */
export function trustObject(spec: { readonly found?: boolean }): Trust {
  return {
    apiVersion: apiVersion(Resource.trust),
    kind: Resource.trust.kind,
    metadata: {
      namespace: SYSTEM_NAMESPACE,
      name: TRUST,
      labels: { 'app.kubernetes.io/part-of': 'fairlead' },
    },
    spec,
  }
}

/** Of a cluster that founds a clusterset; `present` is a root that was brought. */
export async function foundersSecrets(
  present: RootKeys | undefined,
  input: KeyInput,
): Promise<SecretObject[]> {
  const { identity, settings, now } = input
  const made = present === undefined ? await foundRoot(identity.clusterset, settings, now) : undefined
  const root = made === undefined ? [] : [secret(TrustSecret.root, made.values, made.marks)]
  const keys = present ?? (made as NonNullable<typeof made>).value
  const material = await foundMaterial(keys, identity, settings, now)
  return [...root, ...(await membersSecrets(material, input))]
}

/** What a cluster is to trust that gets its authority from a root in a folder. */
export interface OfflineTrust {
  /** All roots, PEM. */
  readonly roots: string
  /** The newest trust statement that is known; undefined while there is none. */
  readonly known: KnownStatement | undefined
}

/**
 * An authority from a root in a folder, and its first leaves. Of a cluster that was revoked it begins after that, however
 * short a while ago it was.
 */
export async function offlineSecrets(
  root: RootKeys['active'],
  { roots, known }: OfflineTrust,
  input: KeyInput,
): Promise<SecretObject[]> {
  const { identity, settings, now } = input
  const revokedAt = revocationOf(known, identity.cluster)
  const rules = { ...identity, days: daysOf(settings.authorityTtl), revokedAt }
  const { certPem, keyPem } = await createClusterAuthority(root, rules, now)
  const statement = known === undefined ? undefined : JSON.stringify(known.signed)
  const material = { roots, certificate: certPem, key: keyPem, statement }
  return await membersSecrets(material, input, { [ROOT_ANNOTATION]: OFFLINE_ROOT })
}

async function membersSecrets(
  material: AuthorityMaterial,
  { settings, globalnet, identity, now }: KeyInput,
  marks: SecretMarks = {},
): Promise<SecretObject[]> {
  const authority = checkAuthority(material, new StatementReader(), now, identity)
  const roles: LeafRole[] = globalnet ? ['router', 'agent'] : ['router']
  const leaves = roles.map(async (role) => {
    const files = await issueLeafFiles(authority, role, settings.leafTtl, now)
    return secret(LEAF_SECRETS[role], leafValues(files), rotationMark(settings.rotate.leaves))
  })
  const own = { ...rotationMark(settings.rotate.authority), ...marks }
  return [secret(TrustSecret.authority, authorityValues(material), own), ...(await Promise.all(leaves))]
}

function secret(name: string, values: SecretValues, marks: SecretMarks): SecretObject {
  return newSecret({ namespace: SYSTEM_NAMESPACE, name }, values, marks)
}
