/**
 * Who has an authority of this clusterset, in Trust.status.members of the founder. Registering is atomic: of two that want
 * one id at once exactly one gets it.
 */
import type { X509Certificate } from 'node:crypto'
import { metaTime } from '../api/conditions.ts'
import { Resource } from '../api/resources.ts'
import { type MemberStatus, type RevokedCluster, TRUST, type Trust } from '../api/trust.ts'
import type { Clock } from '../core/clock.ts'
import { isConflict } from '../kube/errors.ts'
import type { KubeClient } from '../kube/types.ts'
import { authorityIdentity } from '../pki/identity.ts'
import { TrustError } from './errors.ts'
import { EDIT_ATTEMPTS, MAX_MEMBERS } from './limits.ts'

/** What became of it. `taken`: another has that id, and may not be replaced. */
export type Registration =
  | { readonly kind: 'registered' }
  | { readonly kind: 'taken'; readonly by: MemberStatus }
  | { readonly kind: 'full' }

export interface RegistryDeps {
  readonly client: Pick<KubeClient, 'get' | 'patch'>
  readonly clock: Pick<Clock, 'now'>
  /** Where the Trust is. */
  readonly namespace: string
}

/** The entry of an authority's certificate. */
export function memberOf(authority: X509Certificate): MemberStatus {
  return {
    cluster: authorityIdentity(authority).cluster,
    issuedAt: metaTime(authority.validFromDate.getTime()),
    notAfter: metaTime(authority.validToDate.getTime()),
    serial: authority.serialNumber.toLowerCase(),
  }
}

/**
 * Registers an authority before anybody is given it. `mayReplace` says of a member with the same id, not revoked and not
 * ended, whether the new entry takes its place.
 */
export async function registerMember(
  { client, clock, namespace }: RegistryDeps,
  member: MemberStatus,
  mayReplace: (present: MemberStatus) => boolean,
): Promise<Registration> {
  const ref = { namespace, name: TRUST }
  for (let attempt = 1; ; attempt++) {
    const trust = await client.get<Trust>(Resource.trust, ref)
    if (trust === undefined)
      throw new TrustError(`there is no Trust ${TRUST}: this cluster has founded nothing`)
    const next = withMember(trust, member, mayReplace, clock.now())
    if (next.kind !== 'registered') return next
    const { resourceVersion } = trust.metadata
    const patch = { metadata: { resourceVersion }, status: { members: next.members } }
    try {
      await client.patch(Resource.trust, ref, 'merge', patch, 'status')
      return { kind: 'registered' }
    } catch (error) {
      if (!isConflict(error) || attempt === EDIT_ATTEMPTS) throw error
    }
  }
}

/** Those whose authority holds at `now`, milliseconds since 1970. */
export function liveMembers({ spec, status }: Trust, now: number): MemberStatus[] {
  return (status?.members ?? []).filter((member) => isLive(member, spec?.revoked ?? [], now))
}

/** Whether a revocation is about an authority of that cluster that began at `issuedAt`, both RFC 3339. */
export function isRevoked(
  { cluster, issuedAt }: Pick<MemberStatus, 'cluster' | 'issuedAt'>,
  revoked: readonly RevokedCluster[],
): boolean {
  return revoked.some((each) => each.cluster === cluster && Date.parse(issuedAt) <= Date.parse(each.at))
}

/** Pure. Members that ended or were revoked make room. */
export function withMember(
  trust: Trust,
  member: MemberStatus,
  mayReplace: (present: MemberStatus) => boolean,
  now: number,
): Exclude<Registration, { kind: 'registered' }> | { kind: 'registered'; members: MemberStatus[] } {
  const live = liveMembers(trust, now)
  const present = live.find(({ cluster }) => cluster === member.cluster)
  if (present !== undefined && !mayReplace(present)) return { kind: 'taken', by: present }
  const others = live.filter(({ cluster }) => cluster !== member.cluster)
  if (others.length >= MAX_MEMBERS) return { kind: 'full' }
  const members = [...others, member].sort((a, b) => (a.cluster < b.cluster ? -1 : 1))
  return { kind: 'registered', members }
}

function isLive(member: MemberStatus, revoked: readonly RevokedCluster[], now: number): boolean {
  return Date.parse(member.notAfter) >= now && !isRevoked(member, revoked)
}
