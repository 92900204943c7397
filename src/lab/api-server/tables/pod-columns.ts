/**
 * Columns of pods: what kubectl get pods shows, chiefly the one-word status.
 */
import type { ApiObject } from '../api-object.ts'
import { type JsonObject, numberAt, objectAt, objectsAt, stringAt, valueAt } from '../json/access.ts'
import { AGE, age, type Column, column, NAME, wide } from './column.ts'

function containerStatuses(pod: ApiObject): JsonObject[] {
  return objectsAt(pod, 'status', 'containerStatuses')
}

function ready(pod: ApiObject): string {
  const count = containerStatuses(pod).filter((status) => status['ready'] === true).length
  return `${count}/${objectsAt(pod, 'spec', 'containers').length}`
}

function restarts(pod: ApiObject, now: number): string {
  const statuses = containerStatuses(pod)
  const total = statuses.reduce((sum, status) => sum + (numberAt(status, 'restartCount') ?? 0), 0)
  const last = statuses
    .map((status) => stringAt(status, 'lastState', 'terminated', 'finishedAt') ?? '')
    .sort()
    .at(-1)
  return total === 0 || last === undefined || last === '' ? String(total) : `${total} (${age(last, now)} ago)`
}

/** The word under STATUS. */
export function podStatus(pod: ApiObject): string {
  const phase = stringAt(pod, 'status', 'phase') ?? 'Pending'
  const own = stringAt(pod, 'status', 'reason') ?? phase
  if (pod.metadata.deletionTimestamp !== undefined) {
    return own === 'NodeLost' ? 'Unknown' : isTerminal(phase) ? containerReason(pod, own) : 'Terminating'
  }
  return initReason(pod) ?? containerReason(pod, own)
}

function isTerminal(phase: string): boolean {
  return phase === 'Succeeded' || phase === 'Failed'
}

/** Pods whose init containers are not done say so. */
function initReason(pod: ApiObject): string | undefined {
  const statuses = objectsAt(pod, 'status', 'initContainerStatuses')
  const total = objectsAt(pod, 'spec', 'initContainers').length
  for (const [index, status] of statuses.entries()) {
    const { terminated, waiting } = states(status)
    if (terminated !== undefined && numberAt(terminated, 'exitCode') === 0) continue
    const reason = stringAt(terminated ?? waiting, 'reason') ?? ''
    if (reason !== '' && reason !== 'PodInitializing') return `Init:${reason}`
    return `Init:${index}/${total}`
  }
  return undefined
}

function containerReason(pod: ApiObject, fallback: string): string {
  let reason = fallback
  let running = false
  for (const status of containerStatuses(pod).toReversed()) {
    const { waiting, terminated } = states(status)
    const waits = stringAt(waiting, 'reason') ?? ''
    if (waits !== '') reason = waits
    else if (terminated !== undefined) reason = terminationReason(terminated)
    else if (status['ready'] === true && valueAt(status, 'state', 'running') !== undefined) running = true
  }
  if (reason === 'Completed' && running) return isReady(pod) ? 'Running' : 'NotReady'
  return reason
}

function states(status: JsonObject): { waiting: JsonObject | undefined; terminated: JsonObject | undefined } {
  return {
    waiting: objectAt(status, 'state', 'waiting'),
    terminated: objectAt(status, 'state', 'terminated'),
  }
}

function terminationReason(terminated: JsonObject): string {
  const reason = stringAt(terminated, 'reason') ?? ''
  if (reason !== '') return reason
  const signal = numberAt(terminated, 'signal') ?? 0
  return signal === 0 ? `ExitCode:${numberAt(terminated, 'exitCode') ?? 0}` : `Signal:${signal}`
}

function isReady(pod: ApiObject): boolean {
  return objectsAt(pod, 'status', 'conditions').some(
    ({ type, status }) => type === 'Ready' && status === 'True',
  )
}

function readinessGates(pod: ApiObject): string {
  const gates = objectsAt(pod, 'spec', 'readinessGates')
  if (gates.length === 0) return '<none>'
  const conditions = objectsAt(pod, 'status', 'conditions')
  const met = gates.filter((gate) =>
    conditions.some(({ type, status }) => type === gate['conditionType'] && status === 'True'),
  )
  return `${met.length}/${gates.length}`
}

export const POD_COLUMNS: readonly Column[] = [
  NAME,
  column('Ready', ready),
  column('Status', podStatus),
  column('Restarts', restarts),
  AGE,
  wide('IP', (pod) => stringAt(pod, 'status', 'podIP') ?? '<none>'),
  wide('Node', (pod) => stringAt(pod, 'spec', 'nodeName') ?? '<none>'),
  wide('Nominated Node', (pod) => stringAt(pod, 'status', 'nominatedNodeName') ?? '<none>'),
  wide('Readiness Gates', readinessGates),
]
