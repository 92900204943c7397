/**
 * The next step of one StatefulSet: Pods to make and remove in the order of their numbers, and its status. Pure.
 */
import { Resource } from '../../api/resources.ts'
import { MAX_POD_WRITES_PER_PASS } from './limits.ts'
import { isAvailable, isFinished, isReady } from './pod-state.ts'
import { podFromTemplate, templateHash, WorkloadLabel, withLabel } from './pod-template.ts'
import type { StatefulSet, StatefulSetStatus, WorkloadPod } from './workloads.ts'

/**
 * Names of template revisions. The lab keeps no ControllerRevisions: a Pod held back by a partition stays as it is,
 * but one that is deleted comes back from the newest template.
 */
interface Revisions {
  readonly current: string
  readonly update: string
}

export interface StatefulSetPlan {
  readonly create: readonly WorkloadPod[]
  readonly remove: readonly WorkloadPod[]
  readonly status: StatefulSetStatus
}

interface Step {
  readonly create: WorkloadPod[]
  readonly remove: WorkloadPod[]
}

interface Context {
  readonly set: StatefulSet
  readonly revisions: Revisions
  readonly byOrdinal: ReadonlyMap<number, WorkloadPod>
  readonly parallel: boolean
  readonly now: number
}

/** `pods` are those the StatefulSet controls. */
export function planStatefulSet(
  set: StatefulSet,
  pods: readonly WorkloadPod[],
  now: number,
): StatefulSetPlan {
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod), pod]))
  const revisions = revisionsOf(set)
  const parallel = set.spec.podManagementPolicy === 'Parallel'
  const step: Step = { create: [], remove: [] }
  const context: Context = { set, revisions, byOrdinal, parallel, now }
  if (fillSlots(context, step) && removeSurplus(context, step)) updateOutdated(context, step)
  return {
    create: step.create.slice(0, MAX_POD_WRITES_PER_PASS),
    remove: step.remove.slice(0, MAX_POD_WRITES_PER_PASS),
    status: statefulSetStatus(set, pods, revisions, now),
  }
}

/** The number at the end of the Pod's name; -1 when it is not one of this set's names. */
export function ordinalOf(set: StatefulSet, pod: WorkloadPod): number {
  const prefix = `${set.metadata.name}-`
  const name = pod.metadata.name ?? ''
  const digits = name.startsWith(prefix) ? name.slice(prefix.length) : ''
  return /^\d{1,9}$/.test(digits) ? Number(digits) : -1
}

/** The Pod with this number: stable name and host name, and the set's governing Service as subdomain. */
export function statefulPod(set: StatefulSet, ordinal: number, revision: string): WorkloadPod {
  const name = `${set.metadata.name}-${ordinal}`
  const template = withLabel(set.spec.template, WorkloadLabel.revision, revision)
  const pod = podFromTemplate(set, Resource.statefulSet, template, name)
  const labels = {
    ...pod.metadata.labels,
    [WorkloadLabel.podName]: name,
    [WorkloadLabel.podIndex]: String(ordinal),
  }
  const subdomain = set.spec.serviceName
  const spec = { ...pod.spec, hostname: name, ...(subdomain && { subdomain }) }
  return { ...pod, metadata: { ...pod.metadata, labels }, spec }
}

/** Makes missing Pods and replaces finished ones. False: wait for a Pod before doing anything else. */
function fillSlots(context: Context, step: Step): boolean {
  let settled = true
  for (const ordinal of ordinals(context.set)) {
    const pod = context.byOrdinal.get(ordinal)
    if (pod === undefined) step.create.push(statefulPod(context.set, ordinal, context.revisions.update))
    else if (isFinished(pod) && !isTerminating(pod)) step.remove.push(pod)
    else if (isHealthy(context, pod)) continue
    if (!context.parallel) return false
    settled = false
  }
  return settled || context.parallel
}

/** Removes Pods beyond the wanted range, highest number first. */
function removeSurplus(context: Context, step: Step): boolean {
  const wanted = new Set(ordinals(context.set))
  const surplus = [...context.byOrdinal.keys()].filter((ordinal) => !wanted.has(ordinal))
  for (const ordinal of surplus.sort((a, b) => b - a)) {
    const pod = context.byOrdinal.get(ordinal)
    if (pod !== undefined && !isTerminating(pod)) step.remove.push(pod)
    if (!context.parallel) return false
  }
  return true
}

/** Replaces the highest outdated Pod, one at a time, each only when those above it are healthy again. */
function updateOutdated(context: Context, step: Step): void {
  const strategy = context.set.spec.updateStrategy
  if (strategy?.type === 'OnDelete' || step.create.length > 0 || step.remove.length > 0) return
  const first = startOf(context.set) + (strategy?.rollingUpdate?.partition ?? 0)
  for (const ordinal of ordinals(context.set).reverse()) {
    const pod = context.byOrdinal.get(ordinal)
    if (ordinal < first || pod === undefined) return
    if (revisionOf(pod) !== context.revisions.update) {
      if (!isTerminating(pod)) step.remove.push(pod)
      return
    }
    if (!isHealthy(context, pod)) return
  }
}

function revisionsOf(set: StatefulSet): Revisions {
  const update = `${set.metadata.name}-${templateHash(set.spec.template)}`
  return { current: set.status?.currentRevision || update, update }
}

function statefulSetStatus(
  set: StatefulSet,
  pods: readonly WorkloadPod[],
  revisions: Revisions,
  now: number,
): StatefulSetStatus {
  const present = pods.filter((pod) => !isTerminating(pod))
  const atRevision = (name: string) => present.filter((pod) => revisionOf(pod) === name).length
  const updated = atRevision(revisions.update)
  const ready = present.filter(isReady).length
  const replicas = set.spec.replicas ?? 1
  const done = updated === replicas && ready === replicas && pods.length === replicas
  const current = done ? revisions.update : revisions.current
  return {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: pods.length,
    readyReplicas: ready,
    availableReplicas: present.filter((pod) => isAvailable(pod, set.spec.minReadySeconds ?? 0, now)).length,
    currentReplicas: atRevision(current),
    updatedReplicas: updated,
    currentRevision: current,
    updateRevision: revisions.update,
  }
}

function ordinals(set: StatefulSet): number[] {
  return Array.from({ length: set.spec.replicas ?? 1 }, (_, index) => startOf(set) + index)
}

function startOf(set: StatefulSet): number {
  return set.spec.ordinals?.start ?? 0
}

function isHealthy({ set, now }: Context, pod: WorkloadPod): boolean {
  return !isTerminating(pod) && isAvailable(pod, set.spec.minReadySeconds ?? 0, now)
}

function isTerminating(pod: WorkloadPod): boolean {
  return pod.metadata.deletionTimestamp !== undefined
}

function revisionOf(pod: WorkloadPod): string | undefined {
  return pod.metadata.labels?.[WorkloadLabel.revision]
}
