/**
 * How many bytes the router's flows may have buffered: received and not handed on, waiting for a link, and kept until
 * they are acknowledged. Reads nothing but what it is given.
 */
import { ByteBudget } from '../core/byte-budget.ts'
import type { Metrics } from '../core/metrics.ts'
import { BUFFER_MEMORY } from './limits.ts'

/** Memory of the process, bytes. */
export interface ProcessMemory {
  /** The container's limit (cgroup v2 or v1), as libuv reads it; 0 or beyond all there is when there is none. */
  readonly constrained: number
  /** The machine's. */
  readonly total: number
}

/** A share of what the process may use. */
export function defaultBufferMemory({ constrained, total }: ProcessMemory): number {
  const memory = constrained > 0 ? Math.min(constrained, total) : total
  const bytes = Math.floor(memory * BUFFER_MEMORY.share)
  return Math.min(BUFFER_MEMORY.max, Math.max(BUFFER_MEMORY.min, bytes))
}

/** The budget of the whole router, with its metrics. */
export function createBufferBudget(bytes: number, metrics: Metrics): ByteBudget {
  const budget = new ByteBudget(bytes)
  metrics.observeEach(
    'fairlead_router_buffer_bytes',
    'Bytes of flows that are buffered, by use',
    ['use'],
    () => [...budget.uses()].map(([use, held]) => [{ use }, held] as const),
  )
  metrics.observe(
    'fairlead_router_buffer_taken_bytes',
    'Bytes set aside for windows wider than at first and for what is kept until it is acknowledged',
    () => budget.taken,
  )
  metrics.observe(
    'fairlead_router_buffer_limit_bytes',
    'Bytes that may be buffered, and set aside',
    () => budget.limit,
  )
  return budget
}
