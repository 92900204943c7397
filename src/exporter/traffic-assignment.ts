/**
 * Which policy decides about which service of one namespace. A pure function of the present policies and services:
 * the order they came in, and what was before, play no part.
 */
import type { TrafficSettings } from '../api/traffic-settings.ts'
import { byAge, type Candidate, type KnownService, targetedServices } from './policy-targets.ts'
import type { ReadPolicy } from './traffic-policy-reader.ts'

/** A policy of the namespace: what it says, or why it cannot be used. The oldest wins. */
export type PolicyCandidate = Candidate<ReadPolicy | { readonly invalid: string }>

/** What became of one generation of a policy. */
export type PolicyOutcome = { readonly generation: number | undefined } & (
  | { readonly kind: 'invalid'; readonly message: string }
  | {
      readonly kind: 'valid'
      /** Known services that it decides about, sorted. */
      readonly services: readonly string[]
      /** Services that it targets and an older policy decides about, sorted. */
      readonly lost: readonly LostService[]
      /** Whether any of its targets is known. */
      readonly found: boolean
    }
)

/** A service that another policy decides about. */
export interface LostService {
  readonly service: string
  readonly to: string
}

export interface NamespaceTraffic {
  /** By service; also for services that are named and not there yet, so that they begin with the right settings. */
  readonly settings: ReadonlyMap<string, TrafficSettings>
  /** By policy. */
  readonly outcomes: ReadonlyMap<string, PolicyOutcome>
}

interface Decision {
  readonly policy: string
  readonly settings: TrafficSettings
}

/** Where two policies target one service the older one holds, whole; the name decides between equals. */
export function assignTraffic(
  policies: readonly PolicyCandidate[],
  services: readonly KnownService[],
): NamespaceTraffic {
  const decisions = new Map<string, Decision>()
  const outcomes = new Map<string, PolicyOutcome>()
  const known = new Set(services.map(({ name }) => name))
  for (const policy of policies.toSorted(byAge))
    outcomes.set(policy.name, decide(policy, services, known, decisions))
  return {
    settings: new Map([...decisions].map(([service, { settings }]) => [service, settings])),
    outcomes,
  }
}

function decide(
  { name, generation, read }: PolicyCandidate,
  services: readonly KnownService[],
  known: ReadonlySet<string>,
  decisions: Map<string, Decision>,
): PolicyOutcome {
  if ('invalid' in read) return { generation, kind: 'invalid', message: read.invalid }
  const targeted = targetedServices(read.targets, services)
  const lost: LostService[] = []
  for (const service of targeted) {
    const older = decisions.get(service)
    if (older === undefined) decisions.set(service, { policy: name, settings: read.settings })
    else lost.push({ service, to: older.policy })
  }
  const found = targeted.filter((service) => known.has(service))
  return {
    generation,
    kind: 'valid',
    services: found.filter((service) => decisions.get(service)?.policy === name),
    lost,
    found: found.length > 0,
  }
}
