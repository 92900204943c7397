/**
 * update: replacing an object or its status under optimistic concurrency; a change that changes nothing is not written.
 */
import { type ApiObject, keyOf } from '../api-object.ts'
import { trackWrite } from '../apply/track-write.ts'
import { badRequest, conflict, invalid } from '../errors.ts'
import { cloneJson, equalJson } from '../json/compare.ts'
import { type ServedResource, toStorage } from '../kinds/resource-definition.ts'
import { invalidValue } from '../validation/field-error.ts'
import { settleNamespace } from './create.ts'
import {
  type ApiDeps,
  kindName,
  resourceName,
  strategyContext,
  type Target,
  type WriteOptions,
} from './deps.ts'
import { fillObject, validateObject } from './prepare.ts'
import { readObject } from './read.ts'

/** How a write came about. */
export interface UpdateKind {
  readonly subresource: 'status' | 'scale' | undefined
  /** Server-side apply keeps its own record of field ownership. */
  readonly tracked?: boolean
  /** The change was computed from the present object: no resourceVersion is needed. */
  readonly patched?: boolean
}

/** PUT of a decoded draft. Returns the stored form. */
export function updateObject(
  deps: ApiDeps,
  target: Target,
  name: string,
  given: ApiObject,
  options: WriteOptions,
  kind: UpdateKind,
): ApiObject {
  const draft = toStorage(target.served, given)
  settleNamespace(draft, target)
  checkPathName(draft, name)
  const current = readObject(deps, target, name)
  checkVersion(target.served, draft, current, kind)
  return commitUpdate(deps, target.served, current, draft, options, kind)
}

function checkPathName({ metadata }: ApiObject, name: string): void {
  metadata.name ??= name
  if (metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`)
  }
}

function checkVersion(served: ServedResource, draft: ApiObject, current: ApiObject, kind: UpdateKind): void {
  const name = current.metadata.name ?? ''
  const { resourceVersion, uid } = draft.metadata
  if (uid !== undefined && uid !== '' && uid !== current.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.metadata.uid}`
    throw conflict(resourceName(served), name, why)
  }
  if (resourceVersion !== undefined && resourceVersion !== '') {
    if (resourceVersion !== current.metadata.resourceVersion) throw conflict(resourceName(served), name)
  } else if (needsVersion(served) && kind.patched !== true) {
    const fault = invalidValue('metadata.resourceVersion', 0, 'must be specified for an update')
    throw invalid(kindName(served), name, [fault])
  }
}

function needsVersion({ definition }: ServedResource): boolean {
  return definition.strategy.needsResourceVersion === true || !definition.builtin
}

/** Stores `draft` (stored form, given away) in place of `current`, unless they say the same. */
export function commitUpdate(
  deps: ApiDeps,
  served: ServedResource,
  current: ApiObject,
  draft: ApiObject,
  options: WriteOptions,
  kind: UpdateKind,
): ApiObject {
  const { strategy, bucket } = served.definition
  const next = isolate(served, current, draft, kind)
  keepSystemFields(next, current)
  fillObject(served, next)
  strategy.prepareUpdate?.(next, current, strategyContext(deps, options))
  countGeneration(served, next, current)
  if (kind.tracked !== true) {
    trackWrite({ served, current, next, options, now: deps.clock.now(), subresource: kind.subresource })
  }
  validateObject(deps, served, next, current, options)
  if (sameContent(next, current)) return current
  if (options.dryRun) return next
  if (isReleased(next)) {
    strategy.released?.(next)
    return deps.store.remove(bucket, keyOf(next), next)
  }
  return deps.store.put(bucket, keyOf(next), next)
}

/** A write of status changes nothing else, and a write of the object does not change status. */
function isolate(served: ServedResource, current: ApiObject, draft: ApiObject, kind: UpdateKind): ApiObject {
  if (kind.subresource === 'status') return withStatusOf(served, current, draft)
  if (!served.version.status) return draft
  const { status: _, ...rest } = draft
  return current['status'] === undefined
    ? (rest as ApiObject)
    : ({ ...rest, status: current['status'] } as ApiObject)
}

function withStatusOf(served: ServedResource, current: ApiObject, draft: ApiObject): ApiObject {
  const next = cloneJson(current)
  if (draft['status'] === undefined) delete next['status']
  else next['status'] = draft['status']
  const { labels, annotations, managedFields } = draft.metadata
  if (managedFields !== undefined) next.metadata.managedFields = managedFields
  if (!served.definition.builtin) return next
  if (labels !== undefined) next.metadata.labels = labels
  if (annotations !== undefined) next.metadata.annotations = annotations
  return next
}

const SYSTEM_FIELDS = [
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
  'resourceVersion',
  'generateName',
  'name',
  'namespace',
] as const

function keepSystemFields({ metadata }: ApiObject, current: ApiObject): void {
  const held: Record<string, unknown> = metadata as Record<string, unknown>
  for (const field of SYSTEM_FIELDS) {
    const value = current.metadata[field]
    if (value === undefined) delete held[field]
    else held[field] = value
  }
}

function countGeneration({ definition }: ServedResource, next: ApiObject, current: ApiObject): void {
  if (current.metadata.generation === undefined) return
  if (definition.builtin && definition.strategy.countsGenerations !== true) return
  if (!equalJson(contentOf(next), contentOf(current)))
    next.metadata.generation = current.metadata.generation + 1
}

function contentOf(object: ApiObject): unknown {
  const { metadata: _metadata, status: _status, apiVersion: _apiVersion, ...content } = object
  return content
}

/** Equal apart from times in managedFields. */
function sameContent(next: ApiObject, current: ApiObject): boolean {
  return equalJson(next, current)
}

/** Marked for deletion and nothing holds it any longer. */
export function isReleased(object: ApiObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata
  return (
    deletionTimestamp !== undefined &&
    deletionGracePeriodSeconds === 0 &&
    finalizers.length === 0 &&
    !hasSpecFinalizers(object)
  )
}

/** Namespaces are also held by `spec.finalizers`. */
export function hasSpecFinalizers(object: ApiObject): boolean {
  if (object.kind !== 'Namespace' || object.apiVersion !== 'v1') return false
  const { spec } = object as { spec?: { finalizers?: unknown[] } }
  return (spec?.finalizers ?? []).length > 0
}
