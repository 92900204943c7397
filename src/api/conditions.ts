/**
 * metav1.Condition lists: setting one keeps what did not change.
 */
import type { Condition } from './objects.ts'

/** A condition before it gets its time. */
export type NewCondition = Omit<Condition, 'lastTransitionTime'>

/** RFC 3339 with whole seconds, as metav1.Time is written. */
export function metaTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z')
}

export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type)
}

export function isTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === 'True'
}

/**
 * The list with `next` in it: in its old place when it was there, else at the end. `lastTransitionTime` moves only when
 * the status changes.
 */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  next: NewCondition,
  nowMs: number,
): Condition[] {
  const previous = findCondition(conditions, next.type)
  const lastTransitionTime = previous?.status === next.status ? previous.lastTransitionTime : metaTime(nowMs)
  const condition: Condition = { ...next, lastTransitionTime }
  if (previous === undefined) return [...(conditions ?? []), condition]
  return (conditions ?? []).map((old) => (old.type === next.type ? condition : old))
}
