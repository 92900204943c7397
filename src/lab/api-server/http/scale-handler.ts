/**
 * The scale subresource: replicas of any resource that says where it keeps them, as autoscaling/v1 Scale.
 */
import type { ApiObject } from '../api-object.ts'
import { badRequest, conflict, invalid, methodNotAllowed } from '../errors.ts'
import { isObject, type JsonObject, numberAt, stringAt, valueAt } from '../json/access.ts'
import { cloneJson } from '../json/compare.ts'
import { type ScalePaths, type ServedResource, toVersion } from '../kinds/resource-definition.ts'
import { applyJsonPatch } from '../patch/json-patch.ts'
import { applyMergePatch } from '../patch/merge-patch.ts'
import { fromSelectorObject, selectorText } from '../selectors/label-selector.ts'
import { invalidValue } from '../validation/field-error.ts'
import { resourceName, type Target } from '../verbs/deps.ts'
import { readObject } from '../verbs/read.ts'
import { updateObject } from '../verbs/update.ts'
import { mediaType, parseValue, readText } from './body.ts'
import type { RequestContext } from './context.ts'
import { draftOf, type ObjectHandlerDeps, requireBody, writeOptionsOf } from './object-handlers.ts'
import { json, type Reply } from './reply.ts'

export async function scaleHandler(
  deps: ObjectHandlerDeps,
  target: Target,
  name: string,
  verb: string,
  context: RequestContext,
): Promise<Reply> {
  const current = readObject(deps, target, name)
  const present = scaleOf(target.served, current)
  switch (verb) {
    case 'get':
      return json(200, present)
    case 'update':
      return setScale(deps, target, name, (await requireBody(context)).value, context)
    case 'patch':
      return setScale(deps, target, name, await patchedScale(present, context), context)
    default:
      throw methodNotAllowed()
  }
}

function pathsOf(served: ServedResource): ScalePaths {
  const { scale } = served.version
  if (scale === undefined) throw methodNotAllowed()
  return scale
}

function scaleOf(served: ServedResource, stored: ApiObject): JsonObject {
  const paths = pathsOf(served)
  const object = toVersion(served, stored)
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const replicas = numberAt(object, ...paths.specReplicas)
  const selector = selectorOf(object, paths)
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: replicas === undefined ? {} : { replicas },
    status: {
      replicas: numberAt(object, ...paths.statusReplicas) ?? 0,
      ...(selector === '' ? {} : { selector }),
    },
  }
}

function selectorOf(object: ApiObject, { labelSelector }: ScalePaths): string {
  if (labelSelector === undefined) return ''
  const found = valueAt(object, ...labelSelector)
  return typeof found === 'string' ? found : selectorText(fromSelectorObject(found))
}

async function patchedScale(present: JsonObject, context: RequestContext): Promise<JsonObject> {
  const type = mediaType(context.request)
  const patch = parseValue(await readText(context.request), false)
  const result =
    type === 'application/json-patch+json' && Array.isArray(patch)
      ? applyJsonPatch(present, patch)
      : applyMergePatch(present, patch)
  if (!isObject(result)) throw badRequest('the patch does not leave an object')
  return result
}

function setScale(
  deps: ObjectHandlerDeps,
  target: Target,
  name: string,
  scale: JsonObject,
  context: RequestContext,
): Reply {
  const paths = pathsOf(target.served)
  const replicas = numberAt(scale, 'spec', 'replicas') ?? 0
  if (replicas < 0) {
    throw invalid({ group: 'autoscaling', name: 'Scale' }, name, [
      invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0'),
    ])
  }
  const stored = readObject(deps, target, name)
  const version = stringAt(scale, 'metadata', 'resourceVersion')
  if (version !== undefined && version !== '' && version !== stored.metadata.resourceVersion) {
    throw conflict(resourceName(target.served), name)
  }
  const draft = cloneJson(draftOf(target, stored))
  setPath(draft, paths.specReplicas, replicas)
  const next = updateObject(deps, target, name, draft, writeOptionsOf(context), {
    subresource: 'scale',
    patched: true,
  })
  return json(200, scaleOf(target.served, next))
}

function setPath(object: JsonObject, path: readonly string[], value: unknown): void {
  let parent = object
  for (const key of path.slice(0, -1)) {
    const next = parent[key]
    const made: JsonObject = isObject(next) ? next : {}
    parent[key] = made
    parent = made
  }
  parent[path.at(-1) ?? ''] = value
}
