/**
 * Which ServicePolicies hold for which export of one namespace. A pure function of the present policies and exports.
 */
import type { AccessPolicy, ServiceAccess } from '../api/access-policy.ts'
import { ACCESS_MAX_POLICIES } from './limits.ts'
import { byAge, type Candidate, type KnownService, targetedServices } from './policy-targets.ts'
import type { ReadAccess } from './service-policy-reader.ts'

/** What became of one generation of a policy. */
export interface AccessOutcome {
  readonly generation: number | undefined
  /** Why it cannot be used: it lets nobody. Absent: it can. */
  readonly invalid?: string
  /** Exports that it targets, sorted. */
  readonly exports: readonly string[]
  /** Those of them that have so many older policies that it is passed over, sorted. */
  readonly crowded: readonly string[]
}

export interface NamespaceAccess {
  /** By service, oldest policy first; also of what is named and not exported yet. */
  readonly access: ReadonlyMap<string, ServiceAccess>
  /** By policy. */
  readonly outcomes: ReadonlyMap<string, AccessOutcome>
}

/** All that target an export hold for it together, up to a bound: a younger one could only let more, so it is left out. */
export function assignAccess(
  policies: readonly Candidate<ReadAccess>[],
  services: readonly KnownService[],
): NamespaceAccess {
  const access = new Map<string, AccessPolicy[]>()
  const outcomes = new Map<string, AccessOutcome>()
  const known = new Set(services.map(({ name }) => name))
  for (const { name, generation, read } of policies.toSorted(byAge)) {
    const targeted = targetedServices(read.targets, services)
    const crowded = targeted.filter((service) => !added(access, service, read.access))
    outcomes.set(name, {
      generation,
      ...(read.invalid === undefined ? {} : { invalid: read.invalid }),
      exports: targeted.filter((service) => known.has(service)),
      crowded,
    })
  }
  return { access, outcomes }
}

function added(access: Map<string, AccessPolicy[]>, service: string, policy: AccessPolicy): boolean {
  const held = access.get(service)
  if (held === undefined) access.set(service, [policy])
  else if (held.length >= ACCESS_MAX_POLICIES) return false
  else held.push(policy)
  return true
}
