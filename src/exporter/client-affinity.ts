/**
 * Session affinity as Services state it. Pure.
 */
import type { Service } from '../api/objects.ts'
import type { ClientAffinity } from '../api/route-snapshot.ts'

/** Seconds a client stays with its backend when the Service does not say (Kubernetes default). */
const DEFAULT_AFFINITY_SECONDS = 10_800

/** What asks for affinity: a Service, or a ServiceImport. */
interface Affine {
  readonly spec?: Pick<NonNullable<Service['spec']>, 'sessionAffinity' | 'sessionAffinityConfig'>
}

/** Seconds that a client stays with its backend; undefined when the Service does not ask for it. */
export function affinitySeconds({ spec }: Affine): number | undefined {
  if (spec?.sessionAffinity !== 'ClientIP') return undefined
  return spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS
}

/** The affinity of a Service as routers keep it; nothing when there is none. */
export function affinityField(service: Affine): { readonly affinity?: ClientAffinity } {
  const seconds = affinitySeconds(service)
  return seconds === undefined ? {} : { affinity: { timeoutMs: seconds * 1_000 } }
}
