/**
 * Where members ask the founder for new authorities, through the facts that all clusters tell: whose turn it is, and which
 * answers are still told. Signs nothing itself.
 */
import type { Directory, RenewedFact } from '../api/service-record.ts'
import { RENEWAL_PAUSE_MS, RENEWAL_TURN_MS, RENEWALS_AT_ONCE } from './limits.ts'

export interface RenewalRequest {
  readonly cluster: string
  /** PEM. */
  readonly csr: string
}

interface Answer extends RenewalRequest {
  /** Undefined: it was refused, and will not be looked at again. */
  readonly certificate: string | undefined
  /** Milliseconds. */
  readonly at: number
}

export class RenewalDesk {
  readonly #own: string
  /** In the order in which they were given; at most RENEWALS_AT_ONCE. */
  readonly #answers = new Map<string, Answer>()
  /** When each cluster got its last one: only while its answer is told or it asks. */
  readonly #lastAt = new Map<string, number>()

  /** `own` is the founder's cluster, which asks nobody. */
  constructor(own: string) {
    this.#own = own
  }

  /** Forgets answers that nobody asks for any more. Those to be signed now come back: who got one longest ago, or never, first. */
  due(directory: Directory, now: number): RenewalRequest[] {
    const asked = requestsIn(directory, this.#own)
    this.#forget(asked, now)
    const open = [...asked.values()]
      .filter((request) => this.#isOpen(request, now))
      .sort((a, b) => this.#last(a) - this.#last(b))
    const free = RENEWALS_AT_ONCE - this.#answers.size
    return open.slice(0, Math.max(0, free))
  }

  /** A request was signed; or refused, without a certificate. */
  answered(request: RenewalRequest, certificate: string | undefined, now: number): void {
    this.#answers.set(request.cluster, { ...request, certificate, at: now })
    this.#lastAt.set(request.cluster, now)
  }

  /** What the founder tells. */
  get told(): RenewedFact[] {
    return [...this.#answers.values()].flatMap(({ cluster, certificate }) =>
      certificate === undefined ? [] : [{ cluster, certificate }],
    )
  }

  #isOpen({ cluster, csr }: RenewalRequest, now: number): boolean {
    if (this.#answers.get(cluster)?.csr === csr) return false
    return now >= this.#last({ cluster }) + RENEWAL_PAUSE_MS
  }

  #last({ cluster }: Pick<RenewalRequest, 'cluster'>): number {
    return this.#lastAt.get(cluster) ?? Number.NEGATIVE_INFINITY
  }

  #forget(asked: ReadonlyMap<string, RenewalRequest>, now: number): void {
    const isCrowded = asked.size > RENEWALS_AT_ONCE
    for (const [cluster, { csr, at }] of this.#answers) {
      const isOver = isCrowded && now >= at + RENEWAL_TURN_MS
      if (asked.get(cluster)?.csr !== csr || isOver) this.#answers.delete(cluster)
    }
    for (const [cluster, at] of this.#lastAt) {
      if (!asked.has(cluster) && now >= at + RENEWAL_PAUSE_MS) this.#lastAt.delete(cluster)
    }
  }
}

function requestsIn(directory: Directory, own: string): Map<string, RenewalRequest> {
  const requests = new Map<string, RenewalRequest>()
  for (const cluster of [...directory.keys()].sort()) {
    const csr = directory.get(cluster)?.facts?.renewal?.csr
    if (csr !== undefined && cluster !== own) requests.set(cluster, { cluster, csr })
  }
  return requests
}
