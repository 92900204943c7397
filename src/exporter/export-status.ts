/**
 * Conditions of a ServiceExport, and the Events that tell of their changes. Pure.
 */
import { findCondition } from '../api/conditions.ts'
import type { GlobalAddresses } from '../api/globalnet-feed.ts'
import { ExportCondition, ExportReason, type ServiceExport } from '../api/mcs.ts'
import type { ServiceKey } from '../api/names.ts'
import type { Condition } from '../api/objects.ts'
import { conditionsOf, type Verdict } from '../api/verdicts.ts'
import { annotatedSelectors } from './cluster-selectors.ts'
import {
  conflictMessage,
  conflictReason,
  type FieldConflict,
  lostConflicts,
  overruledMessage,
} from './conflicts.ts'
import type { ExportEvaluation } from './export-record.ts'
import { forwarding } from './forwarding.ts'
import { waiting } from './missing-namespaces.ts'
import { annotatedProtocol } from './proxy-protocol.ts'

export interface ExportSituation {
  readonly evaluation: ExportEvaluation
  /** Why it is kept from the other clusters though it is valid. */
  readonly held?: string
  /** The router has confirmed a record of this export. */
  readonly published: boolean
  /** Undefined while an exporting cluster is unknown: what was said about conflicts stands. */
  readonly conflicts: readonly FieldConflict[] | undefined
  /** This cluster's id. */
  readonly cluster: string
  /** Clusters that export the service, this one included. */
  readonly exporters: number
  /** Clusters that do not have its namespace. */
  readonly without: readonly string[]
}

/** What globalnet keeps back of an export, and why; undefined for nothing. */
export function heldBack(
  key: ServiceKey,
  evaluation: ExportEvaluation,
  addresses: GlobalAddresses | undefined,
): string | undefined {
  if (addresses === undefined || evaluation.state !== 'valid') return undefined
  const { type, endpoints = [] } = evaluation.record
  if (type !== 'Headless') {
    if (addresses.addressOf(key) !== undefined) return undefined
    return addresses.problemOf(key) ?? 'waiting for a global address'
  }
  const without = endpoints.filter(({ id }) => addresses.addressOf(key, id) === undefined)
  const [first] = without
  if (first === undefined) return undefined
  const problem = addresses.problemOf(key, first.id) ?? 'waiting for global addresses'
  return `${without.length} of ${endpoints.length} endpoints: ${problem}`
}

/** The conditions that an export should have. */
export function exportConditions(
  serviceExport: ServiceExport,
  situation: ExportSituation,
  now: number,
): Condition[] {
  const previous = serviceExport.status?.conditions ?? []
  const verdicts = [
    validity(situation.evaluation),
    readiness(situation, previous),
    ...(situation.evaluation.state === 'valid'
      ? [
          conflict(situation, previous),
          ...overruling(situation, previous),
          ...forwarding(situation.evaluation.record.ports),
          ...waiting(serviceExport.metadata.namespace ?? '', situation.without),
        ]
      : []),
    ...configuration(serviceExport),
    ...completeness(situation.evaluation),
  ]
  return conditionsOf(verdicts, { previous, generation: serviceExport.metadata.generation, now })
}

function validity(evaluation: ExportEvaluation): Verdict {
  const type = ExportCondition.valid
  if (evaluation.state !== 'invalid') return { type, status: 'True', reason: ExportReason.valid, message: '' }
  return { type, status: 'False', reason: evaluation.reason, message: evaluation.message }
}

/**
 * Exported once the router has the record. A router or controller that restarts does not take that back: the other
 * clusters keep the record meanwhile.
 */
function readiness(
  { evaluation, published, held }: ExportSituation,
  previous: readonly Condition[],
): Verdict {
  const type = ExportCondition.ready
  if (evaluation.state === 'unfit') {
    return { type, status: 'False', reason: ExportReason.failed, message: evaluation.message }
  }
  if (evaluation.state === 'invalid') {
    return { type, status: 'False', reason: ExportReason.pending, message: 'the export is not valid' }
  }
  if (held !== undefined) return { type, status: 'False', reason: ExportReason.pending, message: held }
  if (published || findCondition(previous, type)?.status === 'True') {
    return { type, status: 'True', reason: ExportReason.exported, message: '' }
  }
  const message = 'waiting for the router of this cluster to take the record'
  return { type, status: 'False', reason: ExportReason.pending, message }
}

function conflict({ conflicts, exporters }: ExportSituation, previous: readonly Condition[]): Verdict {
  const type = ExportCondition.conflict
  const before = findCondition(previous, type)
  if (conflicts === undefined && before !== undefined) {
    return { type, status: before.status, reason: before.reason, message: before.message }
  }
  if (conflicts === undefined || conflicts.length === 0) {
    return { type, status: 'False', reason: ExportReason.noConflicts, message: '' }
  }
  return {
    type,
    status: 'True',
    reason: conflictReason(conflicts),
    message: conflictMessage(conflicts, exporters),
  }
}

/** The losing side is told so by itself: the conflict reads the same in every cluster. */
function overruling({ conflicts, cluster }: ExportSituation, previous: readonly Condition[]): Verdict[] {
  const type = ExportCondition.overruled
  if (conflicts === undefined) {
    const before = findCondition(previous, type)
    return before === undefined ? [] : [before]
  }
  const lost = lostConflicts(conflicts, cluster)
  if (lost.length === 0) return []
  const message = overruledMessage(cluster, lost)
  return [{ type, status: 'True', reason: conflictReason(lost), message }]
}

/** Annotations of ours that cannot be read. */
function configuration(serviceExport: ServiceExport): Verdict[] {
  const faults = [
    { reason: ExportReason.invalidProxyProtocol, read: annotatedProtocol(serviceExport) },
    { reason: ExportReason.invalidClusterSelector, read: annotatedSelectors(serviceExport) },
  ].flatMap(({ reason, read }) => (read?.kind === 'unknown' ? [{ reason, message: read.message }] : []))
  if (faults.length === 0) return []
  const reason = faults.map((fault) => fault.reason).join(',')
  const message = faults.map((fault) => fault.message).join('; ')
  return [{ type: ExportCondition.configured, status: 'False', reason, message }]
}

function completeness(evaluation: ExportEvaluation): Verdict[] {
  if (evaluation.state !== 'valid' || evaluation.incomplete !== true) return []
  const told = evaluation.record.endpoints?.length ?? 0
  const message = `only the first ${told} endpoints fit the record; other clusters reach no others by themselves`
  return [{ type: ExportCondition.complete, status: 'False', reason: ExportReason.tooManyEndpoints, message }]
}

/** Something users should see under `kubectl describe`. */
export interface Notice {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly note: string
}

/** What changed between two lists of conditions that is worth an Event: nothing for mere repetition. */
export function exportNotices(
  before: readonly Condition[] | undefined,
  after: readonly Condition[],
): Notice[] {
  const changed = after.filter((condition) => {
    const old = findCondition(before, condition.type)
    return old?.status !== condition.status || old.reason !== condition.reason
  })
  return changed.flatMap((condition) => noticeOf(condition))
}

/** Conditions that are an Event of their own reason when they are False. */
const FAULTS: ReadonlySet<string> = new Set([
  ExportCondition.valid,
  ExportCondition.configured,
  ExportCondition.forwarded,
  ExportCondition.complete,
])

/** Reasons of Events about conditions that are bad when they are True. */
const CONFLICTS: ReadonlyMap<string, string> = new Map([
  [ExportCondition.conflict, 'Conflict'],
  [ExportCondition.overruled, 'Overruled'],
])

function noticeOf({ type, status, reason, message }: Condition): Notice[] {
  if (FAULTS.has(type) && status === 'False') return [{ type: 'Warning', reason, note: message }]
  // The condition's reason joins all fields and may be longer than an Event's may be.
  const told = CONFLICTS.get(type)
  if (told !== undefined && status === 'True') return [{ type: 'Warning', reason: told, note: message }]
  if (type !== ExportCondition.ready) return []
  if (status === 'True')
    return [{ type: 'Normal', reason, note: 'the Service is exported to the clusterset' }]
  return reason === ExportReason.failed ? [{ type: 'Warning', reason, note: message }] : []
}
