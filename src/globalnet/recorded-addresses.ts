/**
 * The addresses of exports that are recorded and still hold: what others may be told. Pure.
 */
import type { GlobalIngressIP } from '../api/globalnet.ts'
import type { GlobalAddresses } from '../api/globalnet-feed.ts'
import { type ServiceKey, serviceKey } from '../api/names.ts'
import type { AllocationPlan } from './allocation.ts'
import { ingressOwner } from './owned-objects.ts'

export class RecordedAddresses implements GlobalAddresses {
  readonly #addresses = new Map<string, string>()
  readonly #problems = new Map<string, string>()

  /** An address that is about to become another counts for none. */
  constructor(objects: readonly GlobalIngressIP[], plan: AllocationPlan | undefined) {
    const unmet = new Map(plan?.unmet.map(({ key, message }) => [key, message]))
    for (const { metadata, spec, status } of objects) {
      if (spec === undefined) continue
      const { namespace = '' } = metadata
      const { target } = spec
      const owner = ingressOwner(namespace, target)
      const name = nameOf(
        serviceKey(namespace, target.service),
        target.kind === 'Endpoint' ? target.endpoint : undefined,
      )
      const address = status?.allocatedIP
      if (address !== undefined && plan?.assignments.get(owner)?.[0] === address)
        this.#addresses.set(name, address)
      const problem = unmet.get(owner)
      if (problem !== undefined) this.#problems.set(name, problem)
    }
  }

  addressOf(key: ServiceKey, endpoint?: string): string | undefined {
    return this.#addresses.get(nameOf(key, endpoint))
  }

  problemOf(key: ServiceKey, endpoint?: string): string | undefined {
    return this.#problems.get(nameOf(key, endpoint))
  }

  /** Both tell the same. */
  equals(other: RecordedAddresses): boolean {
    return sameMap(this.#addresses, other.#addresses) && sameMap(this.#problems, other.#problems)
  }
}

function nameOf(key: ServiceKey, endpoint: string | undefined): string {
  return endpoint === undefined ? key : `${key} ${endpoint}`
}

function sameMap(left: ReadonlyMap<string, string>, right: ReadonlyMap<string, string>): boolean {
  return left.size === right.size && [...left].every(([key, value]) => right.get(key) === value)
}
