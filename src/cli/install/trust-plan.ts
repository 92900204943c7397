/**
 * What install has to do for a cluster to be a member: nothing where it is one or will join; found a clusterset; or give it
 * an authority from a root in a folder.
 */
import { X509Certificate } from 'node:crypto'
import { SYSTEM_NAMESPACE } from '../../api/names.ts'
import type { KubeObject } from '../../api/objects.ts'
import { Resource } from '../../api/resources.ts'
import { TRUST, type Trust, TrustSecret } from '../../api/trust.ts'
import { UsageError } from '../../core/errors.ts'
import { isUnknownApi } from '../../kube/errors.ts'
import type { KubeClient } from '../../kube/types.ts'
import type { KeyPair } from '../../pki/certificates.ts'
import { loadOrCreateRoot } from '../../pki/clusterset-root.ts'
import type { AuthorityIdentity } from '../../pki/identity.ts'
import { StatementReader } from '../../pki/trust-statement.ts'
import { orUndefined } from '../../trust/attempt.ts'
import { authorityDue } from '../../trust/authority-due.ts'
import { authorityMaterial, type ClusterAuthority, checkAuthority } from '../../trust/authority-secret.ts'
import { readRoot } from '../../trust/root-secret.ts'
import { readSecret, rotationOf, type SecretObject } from '../../trust/secrets.ts'
import { trustSettings } from '../../trust/trust-settings.ts'
import { foundersSecrets, offlineSecrets, trustObject } from './first-keys.ts'
import { inNamespace } from './in-namespace.ts'
import { ROOT_DAYS } from './limits.ts'
import { checkedMembership, type WantedMembership } from './membership.ts'
import { knownStatement, requireReadmission, revocationOf } from './readmission.ts'

export interface TrustPlan {
  /** `waits`: it is no member, and will join. */
  readonly kind: 'founds' | 'offline' | 'member' | 'waits'
  /** What the ClusterProperties are to say. */
  readonly membership: WantedMembership
  /** Secrets and the Trust that are to be applied. */
  readonly objects: readonly KubeObject[]
}

export interface PlanInput {
  /** What was asked for, over what the cluster says already. */
  readonly wanted: WantedMembership
  /** Name of the kubeconfig's context. */
  readonly contextName: string
  readonly pkiDir: string | undefined
  readonly globalnet: boolean
  /** A cluster that was revoked may come back. */
  readonly readmit?: boolean | undefined
  /** Whether --clusterset was given. */
  readonly founds: boolean
  /** Where the processes are. Default: those of a whole cluster. */
  readonly namespace?: string
}

interface Present {
  readonly trust: Trust | undefined
  readonly root: SecretObject | undefined
  readonly authority: SecretObject | undefined
  readonly isRunning: boolean
}

/** What is to be done. Throws UsageError where that contradicts what the cluster is. */
export async function trustPlan(client: KubeClient, input: PlanInput): Promise<TrustPlan> {
  const { namespace = SYSTEM_NAMESPACE } = input
  const plan = await planOf(await presentKeys(client, namespace), input)
  return { ...plan, objects: inNamespace(plan.objects, namespace) }
}

async function planOf(present: Present, input: PlanInput): Promise<TrustPlan> {
  const isFounder = present.trust?.spec?.found === true || present.root !== undefined
  if (input.pkiDir !== undefined) {
    if (isFounder)
      throw new UsageError(
        `the root of this cluster's clusterset is in Secret ${TrustSecret.root}: leave --pki out`,
      )
    return await offlinePlan(present, input.pkiDir, input)
  }
  if (present.authority !== undefined) return { kind: 'member', membership: input.wanted, objects: [] }
  if (!input.founds && !isFounder)
    return { kind: 'waits', membership: input.wanted, objects: [trustObject({})] }
  return await foundingPlan(present, input)
}

async function foundingPlan(
  present: Present,
  { wanted, contextName, globalnet }: PlanInput,
): Promise<TrustPlan> {
  const { clusterId: cluster, clusterset } = checkedMembership(wanted, contextName)
  const identity = { cluster, clusterset }
  const settings = trustSettings(present.trust?.spec)
  const keys = present.root === undefined ? undefined : readRoot(present.root)
  // A controller that runs already makes them itself; two would make two roots.
  const secrets = present.isRunning
    ? []
    : await foundersSecrets(keys, { identity, settings, globalnet, now: Date.now() })
  const membership = { clusterId: cluster, clusterset }
  return { kind: 'founds', membership, objects: [...secrets, trustObject({ found: true })] }
}

async function offlinePlan(
  { authority, trust }: Present,
  dir: string,
  { wanted, contextName, globalnet, readmit = false }: PlanInput,
): Promise<TrustPlan> {
  const { clusterId: cluster, clusterset } = checkedMembership(wanted, contextName)
  const root = await loadOrCreateRoot({ dir, clusterset, days: ROOT_DAYS })
  const input = {
    identity: { cluster, clusterset },
    settings: trustSettings(trust?.spec),
    globalnet,
    now: Date.now(),
  }
  const roots = rootsOf(authority, root)
  const known = await knownStatement(dir, { clusterset, roots }, statementIn(authority))
  const held = heldAuthority(authority, root, { ...input, revokedAt: revocationOf(known, cluster) })
  if (held === undefined) requireReadmission(known, cluster, readmit)
  const rotation = { wanted: input.settings.rotate.authority, done: authority ? rotationOf(authority) : 0 }
  const wishes = { root: new X509Certificate(root.certPem), rotation, now: input.now }
  const isGood = held !== undefined && authorityDue(held, wishes) === undefined
  const secrets = isGood ? [] : await offlineSecrets(root, { roots, known }, input)
  const membership = { clusterId: cluster, clusterset }
  return {
    kind: 'offline',
    membership,
    objects: [...secrets, ...(trust === undefined ? [trustObject({})] : [])],
  }
}

interface HeldInput {
  readonly identity: AuthorityIdentity
  readonly now: number
  /** Milliseconds since 1970; undefined when it was not. */
  readonly revokedAt: number | undefined
}

/** The authority that the cluster has of this root, and after it was revoked. What stands in its Secret is its own word. */
function heldAuthority(
  secret: SecretObject | undefined,
  root: KeyPair,
  { identity, now, revokedAt = -1 }: HeldInput,
): ClusterAuthority | undefined {
  if (secret === undefined) return undefined
  const checked = orUndefined(() =>
    checkAuthority(authorityMaterial(secret), new StatementReader(), now, identity),
  )
  if (checked === undefined || !checked.root.raw.equals(new X509Certificate(root.certPem).raw))
    return undefined
  return checked.certificate.validFromDate.getTime() > revokedAt ? checked : undefined
}

function statementIn(secret: SecretObject | undefined): string | undefined {
  return secret === undefined ? undefined : orUndefined(() => authorityMaterial(secret))?.statement
}

/** The roots that the cluster trusts by a statement stay beside that of the folder, while it is one of them. */
function rootsOf(secret: SecretObject | undefined, root: KeyPair): string {
  const material = secret === undefined ? undefined : orUndefined(() => authorityMaterial(secret))
  return material?.roots.includes(root.certPem.trim()) ? material.roots : root.certPem
}

async function presentKeys(client: KubeClient, namespace: string): Promise<Present> {
  const [trust, root, authority, controller] = await Promise.all([
    knownOr(client.get<Trust>(Resource.trust, { namespace, name: TRUST })),
    readSecret(client, { namespace, name: TrustSecret.root }),
    readSecret(client, { namespace, name: TrustSecret.authority }),
    client.get(Resource.deployment, { namespace, name: 'fairlead-controller' }),
  ])
  return { trust, root, authority, isRunning: controller !== undefined }
}

/** Undefined where the kind is not even known. */
async function knownOr<T>(asked: Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (isUnknownApi(error)) return undefined
    throw error
  }
}
