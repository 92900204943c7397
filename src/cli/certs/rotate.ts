/**
 * Raises a counter of the Trust, and waits until what it stands for was made anew.
 */
import { findCondition } from '../../api/conditions.ts'
import { MANAGED_BY, MANAGED_LABEL } from '../../api/names.ts'
import { Resource } from '../../api/resources.ts'
import {
  type RotationCounters,
  type Trust,
  TrustCondition,
  TrustSecret,
  type TrustStatus,
} from '../../api/trust.ts'
import { UsageError } from '../../core/errors.ts'
import { isConflict } from '../../kube/errors.ts'
import { readSecret } from '../../trust/secrets.ts'
import { EDIT_ATTEMPTS } from '../install/limits.ts'
import type { Member } from '../member.ts'
import { presentTrust, trustRef } from '../trust/present-trust.ts'
import { waitFor } from '../wait.ts'

export type Rotated = keyof RotationCounters

/** Default bound of the wait, milliseconds: a new root waits for all members. */
export const ROTATE_WAIT_MS = 300_000

export interface RotateOptions {
  readonly wait: boolean
  readonly timeoutMs: number
  readonly say: (message: string) => void
}

export async function rotate(
  member: Member,
  what: Rotated,
  { wait, timeoutMs, say }: RotateOptions,
): Promise<void> {
  const before = await requireMember(member)
  if (what === 'root') await requireOwnRoot(member, before)
  await raise(member, what)
  if (!wait) return say(`the ${NAMES[what]} will be made anew`)
  let told = ''
  await waitFor(`the new ${NAMES[what]}`, timeoutMs, async () => {
    const { status } = await requireMember(member)
    const news =
      what === 'root' ? findCondition(status?.conditions, TrustCondition.rootRotating)?.message : ''
    if (news && news !== told) say(news)
    told = news ?? told
    return isDone(what, before.status, status) ? true : undefined
  })
  say(`the ${NAMES[what]} ${what === 'leaves' ? 'are' : 'is'} new`)
}

const NAMES = { leaves: 'certificates of the processes', authority: 'authority', root: 'root' } as const

/** Whether what was asked for is another than it was, and a root's rotation is over. Pure. */
export function isDone(what: Rotated, before: TrustStatus = {}, now: TrustStatus = {}): boolean {
  if (what === 'leaves') {
    const old = new Set(before.leaves?.map(({ sha256 }) => sha256))
    return now.leaves?.every(({ sha256 }) => !old.has(sha256)) === true
  }
  if (now[what] === undefined || now[what].sha256 === before[what]?.sha256) return false
  return (
    what === 'authority' || findCondition(now.conditions, TrustCondition.rootRotating)?.status === 'False'
  )
}

async function requireMember(member: Member): Promise<Trust> {
  const trust = await presentTrust(member)
  const role = trust?.status?.role ?? 'none'
  if (trust === undefined || role === 'none')
    throw new UsageError('this cluster is no member of a clusterset: it has no certificates')
  return trust
}

async function requireOwnRoot(
  { client, systemNamespace: namespace }: Member,
  { status }: Trust,
): Promise<void> {
  if (status?.role !== 'founder')
    throw new UsageError('the root is not here: ask the cluster that founded the clusterset')
  const root = await readSecret(client, { namespace, name: TrustSecret.root })
  if (root?.metadata.labels?.[MANAGED_LABEL] === MANAGED_BY) return
  throw new UsageError(
    `the root was brought: bring the next one as next.crt and next.key in Secret ${TrustSecret.root}, and it takes over by itself`,
  )
}

async function raise(member: Member, what: Rotated): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { metadata, spec } = await requireMember(member)
    const { resourceVersion } = metadata
    const patch = {
      metadata: { resourceVersion },
      spec: { rotate: { [what]: (spec?.rotate?.[what] ?? 0) + 1 } },
    }
    try {
      await member.client.patch(Resource.trust, trustRef(member), 'merge', patch)
      return
    } catch (error) {
      if (!isConflict(error) || attempt === EDIT_ATTEMPTS) throw error
    }
  }
}
