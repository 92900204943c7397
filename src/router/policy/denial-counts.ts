/**
 * What policies refused, counted for /metrics and for those who tell people. Bounded: a policy is an object of a tenant.
 */
import type { ServiceKey } from '../../api/names.ts'
import { DenialReason, type DenialSource, type PolicyDenial } from '../../api/policy-denials.ts'
import type { Clock } from '../../core/clock.ts'
import type { Metrics, Sample } from '../../core/metrics.ts'
import { MAX_DENIAL_COUNTS } from './limits.ts'

/** Stands for policies and clusters that are counted apart no more. */
const OTHER = 'other'

export class DenialCounts implements DenialSource {
  readonly #clock: Pick<Clock, 'now'>
  /** The one that was longest without a refusal first: it makes room. */
  readonly #counts = new Map<string, PolicyDenial>()
  readonly #others: Record<DenialReason, number>
  readonly #listeners = new Set<() => void>()

  constructor(clock: Pick<Clock, 'now'>, metrics: Metrics) {
    this.#clock = clock
    const reasons = Object.values(DenialReason)
    this.#others = Object.fromEntries(reasons.map((reason) => [reason, 0])) as Record<DenialReason, number>
    metrics.totalEach(
      'fairlead_policy_denied_total',
      'Flows refused by ServicePolicies; one that several policies refuse counts for each',
      ['policy', 'cluster', 'reason'],
      () => this.#samples(),
    )
  }

  current(): readonly PolicyDenial[] {
    return [...this.#counts.values()]
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** One flow of that cluster's was refused by all of these policies. */
  add(policies: readonly ServiceKey[], cluster: string, reason: DenialReason): void {
    const lastAt = this.#clock.now()
    for (const policy of policies) {
      const key = `${policy} ${cluster} ${reason}`
      const count = (this.#counts.get(key)?.count ?? 0) + 1
      this.#counts.delete(key)
      this.#makeRoom()
      this.#counts.set(key, { policy, cluster, reason, count, lastAt })
    }
    for (const listener of [...this.#listeners]) listener()
  }

  #makeRoom(): void {
    if (this.#counts.size < MAX_DENIAL_COUNTS) return
    for (const [key, { reason, count }] of this.#counts) {
      this.#counts.delete(key)
      this.#others[reason] += count
      return
    }
  }

  *#samples(): Iterable<Sample> {
    for (const { policy, cluster, reason, count } of this.#counts.values())
      yield [{ policy, cluster, reason }, count]
    for (const [reason, count] of Object.entries(this.#others))
      if (count > 0) yield [{ policy: OTHER, cluster: OTHER, reason }, count]
  }
}
