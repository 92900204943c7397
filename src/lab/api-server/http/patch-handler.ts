/**
 * PATCH in its four forms, told apart by the media type.
 */
import { applyObject, checkApplied } from '../apply/apply-object.ts'
import { attributesOf, forbiddenRequest } from '../authz/forbidden-text.ts'
import { badRequest, invalid, StatusError, unsupportedMediaType } from '../errors.ts'
import { isObject, type JsonObject } from '../json/access.ts'
import type { ServedResource } from '../kinds/resource-definition.ts'
import { resolveReference } from '../openapi/catalog.ts'
import { applyJsonPatch, JsonPatchError } from '../patch/json-patch.ts'
import { applyMergePatch } from '../patch/merge-patch.ts'
import { applyStrategicMerge, StrategicMergeError } from '../patch/strategic-merge.ts'
import { forbiddenField, required } from '../validation/field-error.ts'
import { decodeBody } from '../verbs/decode-body.ts'
import type { Target } from '../verbs/deps.ts'
import { readObject } from '../verbs/read.ts'
import { updateObject } from '../verbs/update.ts'
import { mediaType, parseObject, parseValue, readText } from './body.ts'
import type { RequestContext } from './context.ts'
import { admit, draftOf, type ObjectHandlerDeps, writeOptionsOf } from './object-handlers.ts'
import type { Reply } from './reply.ts'
import { isTrue } from './request-info.ts'
import { readFieldValidation } from './write-options.ts'

const APPLY = 'application/apply-patch+yaml'
const JSON_PATCH = 'application/json-patch+json'
const MERGE_PATCH = 'application/merge-patch+json'
const STRATEGIC = 'application/strategic-merge-patch+json'

export async function patchHandler(
  deps: ObjectHandlerDeps,
  target: Target,
  name: string,
  subresource: 'status' | undefined,
  context: RequestContext,
): Promise<Reply> {
  const type = mediaType(context.request)
  const accepted = acceptedTypes(target.served)
  if (!accepted.includes(type)) throw unsupportedMediaType(accepted)
  const text = await readText(context.request)
  if (type === APPLY) return applyHandler(deps, target, name, subresource, text, context)
  checkForce(context)
  const options = writeOptionsOf(context)
  const draft = draftOf(target, readObject(deps, target, name))
  const value = patchObject(type, draft, text, target.served)
  const decoded = decodeBody(target.served, { value, duplicates: [] }, options)
  admit(deps, target, decoded, context)
  const stored = updateObject(deps, target, name, decoded, options, { subresource, patched: true })
  return deps.presenter.object(target.served, stored, context, 200)
}

/** Media types a resource takes; only built-in kinds know merge keys. */
export function acceptedTypes({ definition }: ServedResource): string[] {
  return [JSON_PATCH, MERGE_PATCH, ...(definition.builtin ? [STRATEGIC] : []), APPLY]
}

/** The object after a patch that is not an apply. */
export function patchObject(
  type: string,
  draft: JsonObject,
  text: string,
  served: ServedResource,
): JsonObject {
  const patch = parseValue(text, false)
  const result = computePatch(type, draft, patch, served)
  if (!isObject(result)) throw badRequest('the patch does not leave an object')
  return result
}

function computePatch(type: string, draft: JsonObject, patch: unknown, served: ServedResource): unknown {
  try {
    if (type === JSON_PATCH) {
      if (!Array.isArray(patch))
        throw badRequest('json: cannot unmarshal object into Go value of type jsonpatch.Patch')
      return applyJsonPatch(draft, patch)
    }
    if (!isObject(patch)) throw badRequest('the patch must be an object')
    if (type === MERGE_PATCH) return applyMergePatch(draft, patch)
    return applyStrategicMerge(draft, patch, served.version.schema ?? {}, resolveReference)
  } catch (error) {
    if (error instanceof JsonPatchError) throw rejected(error.message)
    if (error instanceof StrategicMergeError) throw badRequest(error.message)
    throw error
  }
}

function rejected(why: string): StatusError {
  const message = 'the server rejected our request due to an error in our request'
  return new StatusError(422, 'Invalid', message, {
    causes: [{ reason: 'UnexpectedServerResponse', message: why }],
  })
}

const PATCH_OPTIONS = { group: 'meta.k8s.io', name: 'PatchOptions' }

function checkForce({ query }: RequestContext): void {
  if (query.get('force') === null) return
  throw invalid(PATCH_OPTIONS, '', [forbiddenField('force', 'may not be specified for non-apply patch')])
}

async function applyHandler(
  deps: ObjectHandlerDeps,
  target: Target,
  name: string,
  subresource: 'status' | undefined,
  text: string,
  context: RequestContext,
): Promise<Reply> {
  if (!context.query.get('fieldManager')) {
    throw invalid(PATCH_OPTIONS, '', [required('fieldManager', 'is required for apply patch')])
  }
  const options = writeOptionsOf(context)
  const body = parseObject(text, true, readFieldValidation(context.query))
  const config = decodeBody(target.served, body, {
    ...options,
    fieldValidation: strictest(target, options.fieldValidation),
  })
  checkApplied(config)
  admit(deps, target, config, context)
  config.metadata.name ??= name
  if (config.metadata.name !== name) {
    throw badRequest(
      `the name of the object (${config.metadata.name}) does not match the name on the URL (${name})`,
    )
  }
  const request = {
    name,
    config,
    subresource,
    force: isTrue(context.query.get('force')),
    authorizeCreate: () => authorizeCreate(deps, context),
  }
  const { object, created } = applyObject(deps, target, request, options)
  return deps.presenter.object(target.served, object, context, created ? 201 : 200)
}

/** An apply that finds nothing is a create, and needs that right too. */
function authorizeCreate({ rbac }: ObjectHandlerDeps, { user, info }: RequestContext): void {
  const create = { ...info, verb: 'create' }
  if (!rbac.authorize(user, attributesOf(create)).allowed) throw forbiddenRequest(user, create)
}

/** Apply cannot own what the schema of a built-in kind does not know: such fields are refused always. */
function strictest({ served }: Target, asked: 'Ignore' | 'Warn' | 'Strict'): 'Ignore' | 'Warn' | 'Strict' {
  return served.definition.builtin ? 'Strict' : asked
}
