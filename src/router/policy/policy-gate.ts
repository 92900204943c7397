/**
 * Lets flows in to the services of this cluster, or refuses them, by the ServicePolicies of the snapshot. Who the client
 * is, the caller says: the cluster of a certificate, and what that cluster vouches for.
 */

import { FlowCondition, type FlowError } from '../../amqp/flow-transport.ts'
import {
  type AccessClient,
  type AccessLimits,
  type AccessPolicy,
  covers,
  guardsOf,
  mayCall,
  type ServiceAccess,
} from '../../api/access-policy.ts'
import type { ServiceKey } from '../../api/names.ts'
import { DenialReason } from '../../api/policy-denials.ts'
import type { RouteSnapshot } from '../../api/route-snapshot.ts'
import type { Clock } from '../../core/clock.ts'
import type { SnapshotSource } from '../../core/snapshot.ts'
import type { DenialCounts } from './denial-counts.ts'
import { OPEN_PASS, Pass } from './pass.ts'
import { PolicyLimiter } from './policy-limiter.ts'

export interface PolicyGateDeps {
  readonly snapshot: SnapshotSource<RouteSnapshot>
  readonly denials: Pick<DenialCounts, 'add'>
  /** Routers that share the limits of a policy, this one included. */
  readonly replicas: () => number
  readonly clock: Clock
}

/** Why a flow is not let in: `error` is for the client's side, `policies` for those who may know. */
export interface Refusal {
  readonly error: FlowError
  readonly policies: readonly ServiceKey[]
}

const NO_LIMITS: AccessLimits = {}

export class PolicyGate {
  readonly #deps: PolicyGateDeps
  /** Of policies with limits that have had flows. */
  readonly #limiters = new Map<ServiceKey, PolicyLimiter>()

  constructor(deps: PolicyGateDeps) {
    this.#deps = deps
  }

  /** A pass that is to be left when the flow ends, or why there is none. */
  enter(service: ServiceKey, client: AccessClient): Pass | Refusal {
    const access = this.#accessOf(service)
    if (access === undefined) return OPEN_PASS
    if (!mayCall(access, client)) return this.#refuse(guardsOf(access), client, DenialReason.notAllowed)
    const limited = limitedPolicies(access, client)
    const full = this.#firstFull(limited)
    if (full !== undefined) return this.#refuse([full.policy], client, full.reason)
    const limiters = limited.map((policy) => this.#limiterOf(policy))
    for (const limiter of limiters) limiter.enter()
    return new Pass(access, limiters)
  }

  /** The pass by which an open flow goes on; the old one is left then. Limits of numbers do not end what is open. */
  renew(service: ServiceKey, client: AccessClient, pass: Pass): Pass | Refusal {
    const access = this.#accessOf(service)
    if (access === pass.access) return pass
    if (access === undefined) return OPEN_PASS
    if (!mayCall(access, client)) return this.#refuse(guardsOf(access), client, DenialReason.notAllowed)
    const limiters = limitedPolicies(access, client).map((policy) => this.#limiterOf(policy))
    for (const limiter of limiters) limiter.join()
    return new Pass(access, limiters)
  }

  /** The snapshot's policies, or the number of routers, may have changed: limits are those of now. */
  follow(): void {
    const limits = this.#limitsNow()
    for (const [key, limiter] of this.#limiters)
      limiter.configure(this.#shareOf(limits.get(key) ?? NO_LIMITS))
  }

  /** Forgets limits that are no more: after `follow`, when all flows have renewed their passes. */
  trim(): void {
    const limits = this.#limitsNow()
    for (const [key, limiter] of this.#limiters)
      if (limiter.open === 0 && !isLimited(limits.get(key))) this.#limiters.delete(key)
  }

  #limitsNow(): Map<ServiceKey, AccessLimits> {
    const limits = new Map<ServiceKey, AccessLimits>()
    if (this.#limiters.size === 0) return limits
    for (const access of this.#deps.snapshot.current().access.values())
      for (const { policy, limits: own } of access) limits.set(policy, own)
    return limits
  }

  #accessOf(service: ServiceKey): ServiceAccess | undefined {
    return this.#deps.snapshot.current().access.get(service)
  }

  #firstFull(
    policies: readonly AccessPolicy[],
  ): { readonly policy: AccessPolicy; readonly reason: DenialReason } | undefined {
    for (const policy of policies) {
      const reason = this.#limiterOf(policy).refusal()
      if (reason !== undefined) return { policy, reason }
    }
    return undefined
  }

  #limiterOf({ policy, limits }: AccessPolicy): PolicyLimiter {
    const known = this.#limiters.get(policy)
    if (known !== undefined) return known
    const limiter = new PolicyLimiter(this.#deps.clock)
    limiter.configure(this.#shareOf(limits))
    this.#limiters.set(policy, limiter)
    return limiter
  }

  /** An equal share for each router, rounded up: none has nothing. */
  #shareOf(limits: AccessLimits): AccessLimits {
    const replicas = Math.max(1, this.#deps.replicas())
    const shares = Object.entries(limits).map(([name, value]) => [name, Math.ceil(value / replicas)])
    return Object.fromEntries(shares)
  }

  #refuse(policies: readonly AccessPolicy[], { cluster }: AccessClient, reason: DenialReason): Refusal {
    const names = policies.map(({ policy }) => policy)
    this.#deps.denials.add(names, cluster, reason)
    return { error: ERRORS[reason], policies: names }
  }
}

/** Those with limits that count flows of the client. */
function limitedPolicies(access: ServiceAccess, client: AccessClient): AccessPolicy[] {
  return access.filter((policy) => isLimited(policy.limits) && covers(policy, client))
}

function isLimited(limits: AccessLimits = NO_LIMITS): boolean {
  return Object.keys(limits).length > 0
}

/** What clients are told: not by which policy, which is none of their cluster's business. */
const ERRORS: Readonly<Record<DenialReason, FlowError>> = {
  [DenialReason.notAllowed]: {
    condition: FlowCondition.denied,
    description: 'the policies of the service do not let this client call it',
  },
  [DenialReason.connections]: {
    condition: FlowCondition.overLimit,
    description: 'as many connections are open as a policy of the service allows',
  },
  [DenialReason.connectionRate]: {
    condition: FlowCondition.overLimit,
    description: 'connections come faster than a policy of the service allows',
  },
}
