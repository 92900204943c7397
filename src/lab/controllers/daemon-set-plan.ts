/**
 * What one DaemonSet needs: a Pod on every node that its template selects, and its status. Pure.
 */
import { resolve } from './deployment-scale.ts'
import { MAX_POD_WRITES_PER_PASS } from './limits.ts'
import { byDeletionPreference, isAvailable, isFinished, isReady } from './pod-state.ts'
import { podFromTemplate, templateHash, WorkloadLabel, withLabel } from './pod-template.ts'
import {
  type ClusterNode,
  DAEMON_SET,
  type DaemonSet,
  type DaemonSetStatus,
  type WorkloadPod,
} from './workloads.ts'

export interface DaemonSetPlan {
  readonly create: readonly WorkloadPod[]
  readonly remove: readonly WorkloadPod[]
  readonly status: DaemonSetStatus
}

interface NodePods {
  readonly node: string
  readonly wanted: boolean
  /** Pods on the node that still run or will; the first is the one to keep. */
  readonly live: readonly WorkloadPod[]
  readonly finished: readonly WorkloadPod[]
  readonly terminating: boolean
}

/** `pods` are those the DaemonSet controls. */
export function planDaemonSet(
  set: DaemonSet,
  pods: readonly WorkloadPod[],
  nodes: readonly ClusterNode[],
  now: number,
): DaemonSetPlan {
  const hash = templateHash(set.spec.template)
  const placed = placements(set, pods, nodes)
  const missing = placed.filter((place) => place.wanted && place.live.length === 0 && !place.terminating)
  const misplaced = placed.flatMap((place) => [...place.finished, ...place.live.slice(place.wanted ? 1 : 0)])
  return {
    create: missing.slice(0, MAX_POD_WRITES_PER_PASS).map((place) => daemonPod(set, place.node, hash)),
    remove: [...misplaced, ...outdated(set, placed, hash, now)].slice(0, MAX_POD_WRITES_PER_PASS),
    status: daemonSetStatus(set, placed, hash, now),
  }
}

function daemonPod(set: DaemonSet, nodeName: string, hash: string): WorkloadPod {
  const template = withLabel(set.spec.template, WorkloadLabel.revision, hash)
  const pod = podFromTemplate(set, DAEMON_SET, template)
  return { ...pod, spec: { ...pod.spec, nodeName } }
}

function placements(set: DaemonSet, pods: readonly WorkloadPod[], nodes: readonly ClusterNode[]): NodePods[] {
  const wanted = new Set(
    nodes.filter((node) => isEligible(set, node)).map((node) => node.metadata.name ?? ''),
  )
  const byNode = Map.groupBy(pods, (pod) => pod.spec?.nodeName ?? '')
  const names = new Set([...wanted, ...byNode.keys()])
  return [...names].map((node) => {
    const here = byNode.get(node) ?? []
    const staying = here.filter((pod) => pod.metadata.deletionTimestamp === undefined)
    return {
      node,
      wanted: wanted.has(node),
      live: staying.filter((pod) => !isFinished(pod)).toSorted((a, b) => byDeletionPreference(b, a)),
      finished: staying.filter(isFinished),
      terminating: staying.length < here.length,
    }
  })
}

/** DaemonSets run on cordoned nodes too; only the node selector narrows them. */
function isEligible(set: DaemonSet, node: ClusterNode): boolean {
  const selector = Object.entries(set.spec.template.spec.nodeSelector ?? {})
  return selector.every(([key, value]) => node.metadata.labels?.[key] === value)
}

/** Pods of an older template that may be replaced now without exceeding maxUnavailable. */
function outdated(set: DaemonSet, placed: readonly NodePods[], hash: string, now: number): WorkloadPod[] {
  if (set.spec.updateStrategy?.type === 'OnDelete') return []
  const wanted = placed.filter((place) => place.wanted)
  const limit = set.spec.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1
  const isUp = (place: NodePods) => {
    const pod = place.live[0]
    return pod !== undefined && isAvailable(pod, set.spec.minReadySeconds ?? 0, now)
  }
  const old = wanted.filter((place) => place.live[0] !== undefined && revisionOf(place.live[0]) !== hash)
  const budget = Math.max(1, resolve(limit, wanted.length, Math.ceil))
  const unavailable = wanted.filter((place) => !isUp(place)).length
  const down = old.filter((place) => !isUp(place))
  const up = old.filter(isUp).slice(0, Math.max(0, budget - unavailable))
  return [...down, ...up].flatMap((place) => place.live.slice(0, 1))
}

function daemonSetStatus(
  set: DaemonSet,
  placed: readonly NodePods[],
  hash: string,
  now: number,
): DaemonSetStatus {
  const wanted = placed.filter((place) => place.wanted)
  const kept = wanted.flatMap((place) => place.live.slice(0, 1))
  const minReady = set.spec.minReadySeconds ?? 0
  const available = kept.filter((pod) => isAvailable(pod, minReady, now)).length
  return {
    observedGeneration: set.metadata.generation ?? 0,
    desiredNumberScheduled: wanted.length,
    currentNumberScheduled: kept.length,
    numberMisscheduled: placed.filter((place) => !place.wanted && place.live.length > 0).length,
    numberReady: kept.filter(isReady).length,
    updatedNumberScheduled: kept.filter((pod) => revisionOf(pod) === hash).length,
    numberAvailable: available,
    numberUnavailable: wanted.length - available,
  }
}

function revisionOf(pod: WorkloadPod): string | undefined {
  return pod.metadata.labels?.[WorkloadLabel.revision]
}
