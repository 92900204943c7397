/**
 * What a Trust says, with defaults for what it does not. Pure. The CRD checks the same; what passes it by is not followed.
 */
import { TRUST_DEFAULTS, type TrustSpec } from '../api/trust.ts'
import { type DurationBounds, parseDuration } from '../core/duration.ts'
import type { Revocation } from '../pki/trust-statement.ts'
import { AUTHORITY_TTL, LEAF_TTL, ROOT_TTL } from './limits.ts'

/** Times are milliseconds. */
export interface TrustSettings {
  readonly found: boolean
  readonly leave: boolean
  readonly leafTtl: number
  readonly authorityTtl: number
  readonly rootTtl: number
  readonly rotate: { readonly leaves: number; readonly authority: number; readonly root: number }
  /** Each cluster once, sorted. */
  readonly revoked: readonly Revocation[]
}

export function trustSettings(spec: TrustSpec = {}): TrustSettings {
  return {
    found: spec.found === true,
    leave: spec.leave === true,
    leafTtl: ttl(spec.leafTtl, TRUST_DEFAULTS.leafTtl, LEAF_TTL),
    authorityTtl: ttl(spec.authorityTtl, TRUST_DEFAULTS.authorityTtl, AUTHORITY_TTL),
    rootTtl: ttl(spec.rootTtl, TRUST_DEFAULTS.rootTtl, ROOT_TTL),
    rotate: { leaves: 0, authority: 0, root: 0, ...spec.rotate },
    revoked: revocations(spec),
  }
}

/** Days, as certificates are asked for. */
export function daysOf(ms: number): number {
  return ms / 86_400_000
}

function ttl(text: string | undefined, byDefault: string, bounds: DurationBounds): number {
  try {
    return parseDuration(text ?? byDefault, bounds)
  } catch {
    // The API server refuses it as well, so nobody is left in the dark.
    return parseDuration(byDefault, bounds)
  }
}

/** Of two for one cluster the later counts. */
function revocations({ revoked = [] }: TrustSpec): Revocation[] {
  const times = new Map<string, number>()
  for (const { cluster, at } of revoked) {
    const time = Date.parse(at)
    if (!Number.isNaN(time)) times.set(cluster, Math.max(time, times.get(cluster) ?? 0))
  }
  return [...times].map(([cluster, at]) => ({ cluster, at })).sort((a, b) => (a.cluster < b.cluster ? -1 : 1))
}
