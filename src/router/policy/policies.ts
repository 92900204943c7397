/**
 * ServicePolicies as one part of the data path: the gate of its flows, what it counts, and a look at all flows whenever
 * policies change, until the last flow has ended.
 */
import type { DenialSource } from '../../api/policy-denials.ts'
import type { RouteSnapshot } from '../../api/route-snapshot.ts'
import type { Clock } from '../../core/clock.ts'
import type { Metrics } from '../../core/metrics.ts'
import type { SnapshotSource } from '../../core/snapshot.ts'
import type { FlowRegistry } from '../flow-registry.ts'
import { DenialCounts } from './denial-counts.ts'
import { PolicyGate } from './policy-gate.ts'

export interface PoliciesDeps {
  readonly snapshot: SnapshotSource<RouteSnapshot>
  /** The routers of this cluster, which share the limits. Absent: this one is alone. */
  readonly replicas?: SnapshotSource<readonly { readonly name: string }[]>
  /** All that can be guarded. */
  readonly flows: FlowRegistry
  readonly clock: Clock
  readonly metrics: Metrics
}

export class Policies {
  readonly gate: PolicyGate
  readonly #deps: PoliciesDeps
  readonly #denials: DenialCounts
  #access: RouteSnapshot['access']
  #unfollow: (() => void)[] = []

  constructor(deps: PoliciesDeps) {
    this.#deps = deps
    this.#access = deps.snapshot.current().access
    this.#denials = new DenialCounts(deps.clock, deps.metrics)
    this.gate = new PolicyGate({ ...deps, denials: this.#denials, replicas: () => this.#routers() })
  }

  get denials(): DenialSource {
    return this.#denials
  }

  start(): void {
    const { snapshot, replicas } = this.#deps
    this.#unfollow = [snapshot.subscribe(() => this.#check())]
    if (replicas !== undefined) this.#unfollow.push(replicas.subscribe(() => this.gate.follow()))
    this.#check()
  }

  stop(): void {
    for (const unfollow of this.#unfollow.splice(0)) unfollow()
  }

  /** Flows that may not go on end now. */
  #check(): void {
    const { access } = this.#deps.snapshot.current()
    if (access === this.#access) return
    this.#access = access
    this.gate.follow()
    this.#deps.flows.accessChanged()
    this.gate.trim()
  }

  /** A pod of two addresses is one. */
  #routers(): number {
    return new Set(this.#deps.replicas?.current().map(({ name }) => name)).size
  }
}
