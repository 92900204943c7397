/**
 * Whether a flow may begin, whoever opens it, while the process buffers what it does.
 */
import type { ByteBudget } from '../../core/byte-budget.ts'
import { FlowCondition, type FlowError, type FlowRequest } from '../flow-transport.ts'

/** Why a flow is not begun while too much is buffered. */
export const NO_MEMORY: FlowError = {
  condition: FlowCondition.overloaded,
  description: 'the memory for buffers is used up',
}

/** A flow that is resumed holds its bytes already: refusing it would free nothing but end it. */
export function isBeyondMemory({ resumable }: FlowRequest, buffers: ByteBudget): boolean {
  return buffers.exhausted && resumable?.at === undefined
}
