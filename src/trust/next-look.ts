/**
 * When the certificates have to be looked at again if nothing changes before. Pure.
 */
import { X509Certificate } from 'node:crypto'
import { lifetimeOf } from './lifetime.ts'
import { LATE_PART, LOOK_AFTER_MS, LOOK_EVERY_MS, RENEW_AT } from './limits.ts'
import { rootsOf } from './root-secret.ts'
import type { TrustView } from './trust-view.ts'

/** Milliseconds from `now` (since 1970). */
export function nextLook(view: TrustView, now: number): number {
  if (view.kind === 'leaving') return Math.max(LOOK_AFTER_MS, view.leftMs)
  const soonest = Math.min(...moments(view).filter((moment) => moment > now), now + LOOK_EVERY_MS)
  return Math.max(LOOK_AFTER_MS, soonest - now)
}

/** When something becomes due or overdue. */
function moments(view: TrustView): number[] {
  if (view.kind !== 'member') return []
  const { made, ends, renewAt } = lifetimeOf(view.authority.certificate)
  const roots = view.root === undefined ? [] : rootsOf(view.root.keys)
  const ofRoots = roots.map(({ certPem }) => lifetimeOf(new X509Certificate(certPem)))
  return [
    renewAt,
    made + (ends - made) * (RENEW_AT + LATE_PART),
    ...view.leaves.map(({ lifetime }) => lifetime.renewAt),
    ...ofRoots.flatMap((root) => [root.renewAt, root.ends]),
  ]
}
