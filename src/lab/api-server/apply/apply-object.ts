/**
 * Server-side apply: a configuration is merged in, conflicts with other owners are reported or forced, fields no longer applied go.
 */
import { type ApiObject, storageKey, timestamp } from '../api-object.ts'
import { badRequest, conflict, StatusError } from '../errors.ts'
import { isObject, type JsonObject } from '../json/access.ts'
import { cloneJson, equalJson } from '../json/compare.ts'
import { apiVersionOf, toStorage } from '../kinds/resource-definition.ts'
import { resolveReference } from '../openapi/catalog.ts'
import { OPEN, type Schema } from '../openapi/schema.ts'
import { createObject } from '../verbs/create.ts'
import { type ApiDeps, bucketOf, resourceName, type Target, type WriteOptions } from '../verbs/deps.ts'
import { readObject } from '../verbs/read.ts'
import { commitUpdate } from '../verbs/update.ts'
import { difference, FieldSet, formatFields, intersection, members, pathText, union } from './field-set.ts'
import { compareFields, fieldsOf } from './field-walk.ts'
import { refreshLastApplied, upgradedFields } from './last-applied.ts'
import { type Ownership, ownableContent, readOwnership, writeOwnership } from './managed-fields.ts'
import { mergeApplied, removeFields } from './merge-typed.ts'
import { storedSchema } from './stored-schema.ts'

export interface ApplyRequest {
  readonly name: string
  /** Decoded configuration, in the version of the path. */
  readonly config: ApiObject
  readonly force: boolean
  readonly subresource: 'status' | undefined
  /** Throws when the user may patch but not create. */
  readonly authorizeCreate: () => void
}

export interface ApplyResult {
  readonly object: ApiObject
  readonly created: boolean
}

/** Applies `request.config` for the manager in `options`. */
export function applyObject(
  deps: ApiDeps,
  target: Target,
  request: ApplyRequest,
  options: WriteOptions,
): ApplyResult {
  const { served } = target
  const config = ownPart(toStorage(served, request.config), request, served.version.status)
  const scope = served.definition.namespaced ? target.namespace : undefined
  const present = bucketOf(deps, served).get(storageKey(scope, request.name))
  if (present === undefined) return createApplied(deps, target, request, config, options)
  checkPreconditions(target, config, present)
  const schema = storedSchema(served) ?? OPEN
  const next = mergeConfig(
    present,
    config,
    request,
    options,
    { schema, apiVersion: apiVersionOf(served), now: deps.clock.now() },
    target,
  )
  const kind = { subresource: request.subresource, tracked: true }
  return { object: commitUpdate(deps, served, present, next, options, kind), created: false }
}

/** An apply to status speaks of status only, one to the object of everything else. */
function ownPart(config: ApiObject, { subresource, name }: ApplyRequest, hasStatus: boolean): ApiObject {
  const { status, ...rest } = config
  const metadata = { ...config.metadata, name }
  if (subresource === 'status') {
    const { namespace, uid, resourceVersion } = metadata
    const kept = Object.fromEntries(
      Object.entries({ name, namespace, uid, resourceVersion }).filter(([, value]) => value !== undefined),
    )
    return {
      apiVersion: config.apiVersion,
      kind: config.kind,
      metadata: kept,
      ...(status === undefined ? {} : { status }),
    }
  }
  return { ...rest, ...(hasStatus || status === undefined ? {} : { status }), metadata } as ApiObject
}

function createApplied(
  deps: ApiDeps,
  target: Target,
  request: ApplyRequest,
  config: ApiObject,
  options: WriteOptions,
): ApplyResult {
  if (request.subresource === 'status') readObject(deps, target, request.name)
  request.authorizeCreate()
  if (config.metadata.uid !== undefined) {
    throw conflict(
      resourceName(target.served),
      request.name,
      'uid mismatch: the provided object specified uid, and no existing object was found',
    )
  }
  const draft = cloneJson(config)
  writeOwnership(draft, [ownEntry(target, config, request, options, deps.clock.now())])
  return { object: createObject(deps, target, draft, options, { tracked: true }), created: true }
}

function ownEntry(
  target: Target,
  config: ApiObject,
  request: ApplyRequest,
  options: WriteOptions,
  now: number,
): Ownership {
  return {
    manager: options.fieldManager,
    operation: 'Apply',
    apiVersion: apiVersionOf(target.served),
    time: timestamp(now),
    subresource: request.subresource ?? '',
    fields: fieldsOf(ownableContent(config), storedSchema(target.served) ?? OPEN, resolveReference),
  }
}

function checkPreconditions({ served }: Target, { metadata }: ApiObject, present: ApiObject): void {
  const { uid, resourceVersion } = metadata
  if (uid !== undefined && uid !== present.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${present.metadata.uid}`
    throw conflict(resourceName(served), present.metadata.name ?? '', why)
  }
  if (resourceVersion !== undefined && resourceVersion !== present.metadata.resourceVersion) {
    throw conflict(resourceName(served), present.metadata.name ?? '')
  }
}

interface MergeContext {
  readonly schema: Schema
  readonly apiVersion: string
  readonly now: number
}

/** The live object after the configuration, with ownership written into it. */
function mergeConfig(
  live: ApiObject,
  config: ApiObject,
  request: ApplyRequest,
  options: WriteOptions,
  context: MergeContext,
  target: Target,
): ApiObject {
  const entries = readOwnership(live)
  const own = ownEntry(target, config, request, options, context.now)
  const previous = entries.find((entry) => isSameManager(entry, own))
  const others = entries.filter((entry) => entry !== previous)
  const merged = mergeApplied(ownableContent(live), ownableContent(config), context.schema, resolveReference)
  const changes = compareFields(ownableContent(live), merged, context.schema, resolveReference)
  const changed = union(changes.added, changes.modified)
  const upgraded = upgradedFields(live, own, context.schema)
  const settled = settleConflicts(others, changed, request.force ? changed : upgraded)
  const kept = settled.reduce((sum, entry) => union(sum, entry.fields), own.fields)
  const gone = difference(previous?.fields ?? new FieldSet(), kept)
  const content = removeFields(merged, gone, kept, context.schema, resolveReference)
  const next = withContent(live, isObject(content) ? content : {})
  refreshLastApplied(next, config, own)
  writeOwnership(next, [...settled, unchangedOr(previous, own)])
  return next
}

function isSameManager(left: Ownership, right: Ownership): boolean {
  return (
    left.manager === right.manager &&
    left.operation === right.operation &&
    left.subresource === right.subresource
  )
}

/** The same fields again keep their time, so that applying twice writes nothing. */
function unchangedOr(previous: Ownership | undefined, own: Ownership): Ownership {
  if (previous === undefined || previous.apiVersion !== own.apiVersion) return own
  return equalJson(formatFields(previous.fields), formatFields(own.fields)) ? previous : own
}

/** Other owners of changed fields: they lose those in `yielded`, the rest are conflicts. */
function settleConflicts(others: readonly Ownership[], changed: FieldSet, yielded: FieldSet): Ownership[] {
  const clashes = others.map((entry) => ({ entry, fields: intersection(entry.fields, changed) }))
  const real = clashes
    .map(({ entry, fields }) => ({ entry, fields: difference(fields, yielded) }))
    .filter(({ fields }) => !fields.isEmpty)
  if (real.length > 0) throw conflictError(real)
  return clashes.map(({ entry, fields }) => ({ ...entry, fields: difference(entry.fields, fields) }))
}

function conflictError(clashes: readonly { entry: Ownership; fields: FieldSet }[]): StatusError {
  const causes = clashes.flatMap(({ entry, fields }) =>
    [...members(fields)].map((path) => ({
      reason: 'FieldManagerConflict',
      message: conflictWith(entry),
      field: pathText(path),
    })),
  )
  const [only] = causes
  const text =
    causes.length === 1 && only !== undefined
      ? `${only.message}: ${only.field}`
      : clashes.map(({ entry, fields }) => conflictLines(entry, fields)).join('\n')
  const count = `${causes.length} conflict${causes.length === 1 ? '' : 's'}`
  return new StatusError(409, 'Conflict', `Apply failed with ${count}: ${text}`, { causes })
}

function conflictWith({ manager, subresource, apiVersion }: Ownership): string {
  const where = subresource === '' ? '' : ` with subresource "${subresource}"`
  return `conflict with ${JSON.stringify(manager)}${where} using ${apiVersion}`
}

function conflictLines(entry: Ownership, fields: FieldSet): string {
  const paths = [...members(fields)].map((path) => `- ${pathText(path)}`)
  return `${conflictWith(entry).replace('conflict with', 'conflicts with')}:\n${paths.join('\n')}`
}

function withContent(live: ApiObject, content: JsonObject): ApiObject {
  const { metadata = {}, ...rest } = content
  const {
    labels: _labels,
    annotations: _annotations,
    finalizers: _finalizers,
    ownerReferences: _owners,
    ...system
  } = live.metadata
  return cloneJson({
    ...rest,
    apiVersion: live.apiVersion,
    kind: live.kind,
    metadata: { ...system, ...(metadata as object) },
  }) as ApiObject
}

/** Refuses configurations that carry managedFields of their own. */
export function checkApplied(config: ApiObject): void {
  if ((config.metadata.managedFields ?? []).length > 0) throw badRequest('metadata.managedFields must be nil')
}
