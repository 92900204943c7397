/**
 * The conditions a controller writes, made from verdicts: times change only when the status does.
 */
import { findCondition, metaTime } from './conditions.ts'
import { CONDITION_MESSAGE_MAX } from './limits.ts'
import type { Condition } from './objects.ts'

/** What a condition says, before it is compared with what it said before. */
export type Verdict = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>

export interface ConditionContext {
  readonly previous: readonly Condition[]
  readonly generation: number | undefined
  /** Wall time, milliseconds. */
  readonly now: number
}

/** One condition per verdict, and no other. */
export function conditionsOf(verdicts: readonly Verdict[], context: ConditionContext): Condition[] {
  return verdicts.map((verdict) => conditionOf(verdict, context))
}

function conditionOf(verdict: Verdict, { previous, generation, now }: ConditionContext): Condition {
  const before = findCondition(previous, verdict.type)
  const lastTransitionTime = before?.status === verdict.status ? before.lastTransitionTime : metaTime(now)
  return {
    ...verdict,
    message: clip(verdict.message),
    lastTransitionTime,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  }
}

function clip(message: string): string {
  return message.length <= CONDITION_MESSAGE_MAX ? message : `${message.slice(0, CONDITION_MESSAGE_MAX - 1)}…`
}
