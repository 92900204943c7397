/**
 * Whether a headless import can be used, and what of it cannot. Pure.
 */
import { ImportCondition, ImportReason } from '../api/mcs.ts'
import type { Verdict } from '../api/verdicts.ts'
import { MESSAGE_CLUSTERS } from './limits.ts'
import type { MergedService } from './service-merge.ts'

/** How its remote endpoints fared. */
export interface EndpointFacts {
  /** Endpoints whose derived Service has no address yet. */
  readonly waiting: number
  /** Endpoints for which no router port is left, by cluster. */
  readonly unserved: ReadonlyMap<string, number>
}

/** A Service has to have a port, be it derived or not. */
const PORTLESS = 'no port is exported: only endpoints of the own cluster can be reached'

/** Condition Ready of a headless import. */
export function headlessReadiness(
  { ports }: Pick<MergedService, 'ports'>,
  { waiting, unserved }: EndpointFacts,
): Verdict {
  const type = ImportCondition.ready
  const left = ports.length === 0 ? PORTLESS : unservedMessage(unserved)
  if (waiting === 0) return { type, status: 'True', reason: ImportReason.ready, message: left }
  const message = `waiting for the addresses of ${waiting} endpoints${left === '' ? '' : `; ${left}`}`
  return { type, status: 'False', reason: ImportReason.pending, message }
}

function unservedMessage(unserved: ReadonlyMap<string, number>): string {
  if (unserved.size === 0) return ''
  const told = [...unserved].sort().slice(0, MESSAGE_CLUSTERS)
  const more = unserved.size - told.length
  const list = told.map(([cluster, count]) => `${count} of ${cluster}`).join(', ')
  return `no router port is left for endpoints: ${list}${more > 0 ? ` and ${more} more clusters` : ''}`
}
