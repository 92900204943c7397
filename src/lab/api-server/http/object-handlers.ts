/**
 * get, create, update, delete and deletecollection of one resource.
 */
import type { ApiObject } from '../api-object.ts'
import { checkEscalation } from '../authz/escalation.ts'
import type { Rbac } from '../authz/rbac.ts'
import { badRequest } from '../errors.ts'
import { cloneJson } from '../json/compare.ts'
import { toVersion } from '../kinds/resource-definition.ts'
import { readSelector } from '../selectors/list-selector.ts'
import { createObject } from '../verbs/create.ts'
import { type Body, decodeBody } from '../verbs/decode-body.ts'
import { type DeleteResult, deleteObject, deleteStored } from '../verbs/delete.ts'
import { type ApiDeps, bucketOf, type Target, type WriteOptions } from '../verbs/deps.ts'
import { readObject } from '../verbs/read.ts'
import { updateObject } from '../verbs/update.ts'
import { readBody } from './body.ts'
import type { RequestContext } from './context.ts'
import type { Presenter } from './presenter.ts'
import { json, type Reply } from './reply.ts'
import { readDeleteOptions, readFieldValidation, readWriteOptions } from './write-options.ts'

export interface ObjectHandlerDeps extends ApiDeps {
  readonly presenter: Presenter
  readonly rbac: Rbac
}

/** Refuses objects that would give their writer more rights. */
export function admit(
  deps: ObjectHandlerDeps,
  { served, namespace }: Target,
  draft: ApiObject,
  context: RequestContext,
): void {
  const { group, resource } = served.definition
  if (group === 'rbac.authorization.k8s.io')
    checkEscalation(deps.rbac, context.user, resource, namespace, draft)
}

export function writeOptionsOf(context: RequestContext): WriteOptions {
  const userAgent = context.request.headers['user-agent'] ?? ''
  return readWriteOptions({ query: context.query, userAgent, warn: context.warn })
}

/** The body, which must be there. */
export async function requireBody(context: RequestContext): Promise<Body> {
  const body = await readBody(context.request, readFieldValidation(context.query))
  if (body === undefined)
    throw badRequest("couldn't get version/kind; json parse error: unexpected end of JSON input")
  return body
}

export function getHandler(
  deps: ObjectHandlerDeps,
  target: Target,
  name: string,
  context: RequestContext,
): Reply {
  return deps.presenter.object(target.served, readObject(deps, target, name), context, 200)
}

export async function createHandler(
  deps: ObjectHandlerDeps,
  target: Target,
  context: RequestContext,
): Promise<Reply> {
  const options = writeOptionsOf(context)
  const draft = decodeBody(target.served, await requireBody(context), options)
  admit(deps, target, draft, context)
  return deps.presenter.object(target.served, createObject(deps, target, draft, options), context, 201)
}

export async function updateHandler(
  deps: ObjectHandlerDeps,
  target: Target,
  name: string,
  subresource: 'status' | undefined,
  context: RequestContext,
): Promise<Reply> {
  const options = writeOptionsOf(context)
  const draft = decodeBody(target.served, await requireBody(context), options)
  admit(deps, target, draft, context)
  const stored = updateObject(deps, target, name, draft, options, { subresource })
  return deps.presenter.object(target.served, stored, context, 200)
}

export async function deleteHandler(
  deps: ObjectHandlerDeps,
  target: Target,
  name: string,
  context: RequestContext,
): Promise<Reply> {
  const body = await readBody(context.request, 'Ignore')
  const options = readDeleteOptions(context.query, body?.value)
  return deleteReply(deps, target, deleteObject(deps, target, name, options), context)
}

/** What is only marked is shown as it is now; what is gone, as a Status that names it. */
function deleteReply(
  deps: ObjectHandlerDeps,
  { served }: Target,
  result: DeleteResult,
  context: RequestContext,
): Reply {
  const { group, resource } = served.definition
  if (!result.removed || (group === '' && resource === 'pods')) {
    return deps.presenter.object(served, result.object, context, 200)
  }
  const { name, uid } = result.object.metadata
  return json(200, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(group === '' ? {} : { group }), kind: resource, uid },
  })
}

export async function deleteCollectionHandler(
  deps: ObjectHandlerDeps,
  target: Target,
  context: RequestContext,
): Promise<Reply> {
  const body = await readBody(context.request, 'Ignore')
  const options = readDeleteOptions(context.query, body?.value)
  const selector = readSelector(context.query, target.served)
  const scope = target.served.definition.namespaced ? target.namespace : undefined
  const doomed = bucketOf(deps, target.served)
    .values(scope)
    .filter((object) => selector.matches(object))
  const items = doomed.map((object) => deleteStored(deps, target.served, object, options).object)
  return deps.presenter.list(
    target.served,
    { items, revision: deps.store.revision, continueToken: undefined, remaining: undefined },
    context,
  )
}

/** A draft of the stored object in the version of the path, to patch. */
export function draftOf(target: Target, stored: ApiObject): ApiObject {
  return cloneJson(toVersion(target.served, stored))
}
