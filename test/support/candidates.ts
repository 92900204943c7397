/** Places for the balancer's tests. */
import type { Candidate } from '../../src/router/balancer.ts'

export interface CandidateOptions {
  readonly name: string
  readonly weight?: number
  readonly outstanding?: number
  readonly turn?: number
  readonly cost?: number
  readonly ejected?: boolean
  readonly standby?: boolean
}

export function candidate(options: CandidateOptions): Candidate {
  const { name, weight = 1, outstanding = 0, turn = 0, ejected = false, standby = false } = options
  const { cost } = options
  const place = { name, weight, ejected, standby, load: { outstanding, turn } }
  return cost === undefined ? place : { ...place, cost }
}
