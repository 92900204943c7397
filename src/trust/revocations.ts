/**
 * The list of revoked clusters in the founder's Trust: who is added to it, and how. Edits are atomic by the object's version.
 */

import { Resource } from '../api/resources.ts'
import type { Directory } from '../api/service-record.ts'
import { type MemberStatus, type RevokedCluster, TRUST, type Trust } from '../api/trust.ts'
import { isConflict } from '../kube/errors.ts'
import type { KubeClient } from '../kube/types.ts'
import { MAX_REVOKED } from '../pki/limits.ts'
import { TrustError } from './errors.ts'
import { EDIT_ATTEMPTS } from './limits.ts'
import { liveMembers } from './members.ts'

/** The list with a cluster in it. Throws TrustError when it is full. Pure. */
export function withRevoked(
  revoked: readonly RevokedCluster[],
  cluster: string,
  at: string,
): RevokedCluster[] {
  const others = revoked.filter((each) => each.cluster !== cluster)
  if (others.length >= MAX_REVOKED)
    throw new TrustError(`${MAX_REVOKED} clusters are revoked: remove those whose last authority has ended`)
  return [...others, { cluster, at }]
}

/** Members that say that they have left, and are not revoked yet. `now`: milliseconds since 1970. Pure. */
export function leftMembers(trust: Trust, directory: Directory, now: number): MemberStatus[] {
  return liveMembers(trust, now).filter(({ cluster, issuedAt }) => {
    const left = directory.get(cluster)?.facts?.left
    // Who was invited again has another authority than the one it left with.
    return left !== undefined && Date.parse(issuedAt) <= left
  })
}

export interface RevokeDeps {
  readonly client: Pick<KubeClient, 'get' | 'patch'>
  /** Where the Trust is. */
  readonly namespace: string
}

/** Revokes what a cluster got until `at`, RFC 3339. Throws TrustError when there is no Trust. */
export async function revokeCluster(
  { client, namespace }: RevokeDeps,
  cluster: string,
  at: string,
): Promise<void> {
  const ref = { namespace, name: TRUST }
  for (let attempt = 1; ; attempt++) {
    const trust = await client.get<Trust>(Resource.trust, ref)
    if (trust === undefined) throw new TrustError(`there is no Trust ${TRUST} in this cluster`)
    const revoked = withRevoked(trust.spec?.revoked ?? [], cluster, at)
    const { resourceVersion } = trust.metadata
    try {
      await client.patch(Resource.trust, ref, 'merge', { metadata: { resourceVersion }, spec: { revoked } })
      return
    } catch (error) {
      if (!isConflict(error) || attempt === EDIT_ATTEMPTS) throw error
    }
  }
}
