/**
 * The conditions a controller writes, made from verdicts: times change only when the status does.
 */
import { findCondition, metaTime } from '../api/conditions.ts'
import type { Condition } from '../api/objects.ts'
import { CONDITION_MESSAGE_MAX, MESSAGE_CLUSTERS } from './limits.ts'

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

/** The first of these clusters by name, and how many more there are. */
export function namedClusters(clusters: readonly string[]): string {
  const told = [...clusters].sort().slice(0, MESSAGE_CLUSTERS).join(', ')
  const more = clusters.length - MESSAGE_CLUSTERS
  return more > 0 ? `${told} and ${more} more` : told
}

function clip(message: string): string {
  return message.length <= CONDITION_MESSAGE_MAX ? message : `${message.slice(0, CONDITION_MESSAGE_MAX - 1)}…`
}
