/**
 * Who a cluster is: what the user says, else what it is already, else its context's name.
 */
import type { ClusterProperty } from '../../api/mcs.ts'
import type { Membership } from '../../api/membership.ts'
import { ClusterPropertyName } from '../../api/names.ts'
import { Resource } from '../../api/resources.ts'
import { type Trust, TrustSecret } from '../../api/trust.ts'
import { describeError, UsageError } from '../../core/errors.ts'
import { isForbidden, isUnknownApi } from '../../kube/errors.ts'
import type { KubeClient } from '../../kube/types.ts'
import { readCertificates } from '../../pki/chain.ts'
import {
  type AuthorityIdentity,
  authorityIdentity,
  isClusterId,
  requireClusterset,
} from '../../pki/identity.ts'
import { orUndefined } from '../../trust/attempt.ts'
import { readSecret, requireText } from '../../trust/secrets.ts'
import type { Member } from '../member.ts'
import { trustRef } from '../trust/present-trust.ts'

/** Name of the clusterset when nobody chose one. */
export const DEFAULT_CLUSTERSET = 'clusterset'

export interface WantedMembership {
  readonly clusterId?: string | undefined
  readonly clusterset?: string | undefined
}

/** Refuses what could never be a membership, before any cluster is asked. */
export function checkWanted({ clusterId, clusterset }: WantedMembership): void {
  if (clusterId !== undefined) checkedClusterId(clusterId)
  if (clusterset !== undefined) checkedClusterset(clusterset)
}

/** What is wanted, over what the cluster says. An id that a member already has cannot be changed: that is leaving and joining again. */
export async function chooseMembership(
  client: KubeClient,
  wanted: WantedMembership,
): Promise<WantedMembership> {
  const present = await presentMembership(client)
  refuseChange('cluster id', present.clusterId, wanted.clusterId)
  refuseChange('clusterset', present.clusterset, wanted.clusterset)
  return {
    clusterId: wanted.clusterId ?? present.clusterId,
    clusterset: wanted.clusterset ?? present.clusterset,
  }
}

/** With what a member is called when nobody chose: as the kubeconfig's context. */
export function checkedMembership(
  { clusterId, clusterset }: WantedMembership,
  contextName: string,
): Membership {
  return {
    clusterId: checkedClusterId(clusterId ?? contextName),
    clusterset: checkedClusterset(clusterset ?? DEFAULT_CLUSTERSET),
  }
}

/** What the cluster's ClusterProperties say; nothing where the kind is not even known. */
export async function presentMembership(client: KubeClient): Promise<WantedMembership> {
  const [clusterId, clusterset] = await Promise.all([
    propertyValue(client, ClusterPropertyName.clusterId),
    propertyValue(client, ClusterPropertyName.clusterset),
  ])
  return { clusterId, clusterset }
}

/** The same of any member: one of a namespace says it by its Trust, and before a controller has looked by its authority. */
export async function membershipOf(member: Member): Promise<WantedMembership> {
  const { client, systemNamespace, served } = member
  if (served.namespace === undefined) return await presentMembership(client)
  const trust = await unless(isUnknownApi, client.get<Trust>(Resource.trust, trustRef(member)))
  const { cluster, clusterset } = trust?.status ?? {}
  if (cluster !== undefined) return { clusterId: cluster, clusterset }
  // Whoever may not read Secrets is not told so early.
  const identity = await unless(isForbidden, presentIdentity(client, systemNamespace))
  return { clusterId: identity?.cluster, clusterset: identity?.clusterset }
}

/** Who the processes of `namespace` are; undefined where they have no authority, or none that says it. */
export async function presentIdentity(
  client: Pick<KubeClient, 'get'>,
  namespace: string,
): Promise<AuthorityIdentity | undefined> {
  const secret = await readSecret(client, { namespace, name: TrustSecret.authority })
  if (secret === undefined) return undefined
  const [authority] = orUndefined(() => readCertificates(requireText(secret, 'tls.crt'))) ?? []
  return authority && orUndefined(() => authorityIdentity(authority))
}

/** The id, or a UsageError that says how to give one. */
export function checkedClusterId(id: string): string {
  if (isClusterId(id)) return id
  throw new UsageError(
    `"${id}" cannot be a cluster id (lower-case letters, digits and dashes, at most 63): give --cluster-id`,
  )
}

function checkedClusterset(name: string): string {
  try {
    return requireClusterset(name)
  } catch (error) {
    throw new UsageError(`--clusterset: ${describeError(error)}`, { cause: error })
  }
}

async function propertyValue(client: KubeClient, name: string): Promise<string | undefined> {
  const asked = client.get<ClusterProperty>(Resource.clusterProperty, { name })
  return (await unless(isUnknownApi, asked))?.spec.value
}

async function unless<T>(isNothing: (error: unknown) => boolean, asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (isNothing(error)) return undefined
    throw error
  }
}

function refuseChange(what: string, present: string | undefined, wanted: string | undefined): void {
  if (present === undefined || wanted === undefined || present === wanted) return
  throw new UsageError(
    `this cluster is a member with ${what} ${present}; to make it ${wanted}, run "fairlead uninstall" first`,
  )
}
