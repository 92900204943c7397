/**
 * create: a new object, named, identified, defaulted, checked and stored.
 */
import { type ApiObject, storageKey } from '../api-object.ts'
import { trackWrite } from '../apply/track-write.ts'
import { alreadyExists, badRequest, forbidden, notFound, StatusError } from '../errors.ts'
import { stringAt } from '../json/access.ts'
import { type ServedResource, toStorage } from '../kinds/resource-definition.ts'
import { NAME_ATTEMPTS } from '../limits.ts'
import {
  type ApiDeps,
  bucketOf,
  resourceName,
  strategyContext,
  type Target,
  type WriteOptions,
} from './deps.ts'
import { generatedName, stampNew } from './names.ts'
import { fillObject, validateObject } from './prepare.ts'

export interface CreateKind {
  /** Server-side apply has recorded field ownership already. */
  readonly tracked: boolean
}

/** Creates from a decoded draft, which is given away. Returns the stored form. */
export function createObject(
  deps: ApiDeps,
  target: Target,
  given: ApiObject,
  options: WriteOptions,
  kind: CreateKind = { tracked: false },
): ApiObject {
  const draft = prepareDraft(deps, target, given)
  if (!kind.tracked) {
    delete draft.metadata.managedFields
    trackWrite({ served: target.served, current: undefined, next: draft, options, now: deps.clock.now() })
  }
  return storeNew(deps, target, draft, options)
}

/** Steps before ownership of fields is recorded: names, system fields, defaults. */
function prepareDraft(deps: ApiDeps, target: Target, given: ApiObject): ApiObject {
  const { served } = target
  const draft = toStorage(served, given)
  if (draft.metadata.resourceVersion)
    throw badRequest('resourceVersion should not be set on objects to be created')
  settleNamespace(draft, target)
  settleName(deps, target, draft)
  checkNamespace(deps, target, draft)
  const { strategy } = served.definition
  stampNew(draft, deps.clock.now(), strategy.countsGenerations === true || !served.definition.builtin)
  if (served.version.status) delete draft['status']
  fillObject(served, draft)
  const key = storageKey(draft.metadata.namespace, draft.metadata.name ?? '')
  if (bucketOf(deps, served).get(key) !== undefined) {
    throw alreadyExists(resourceName(served), draft.metadata.name ?? '')
  }
  return draft
}

function storeNew(deps: ApiDeps, { served }: Target, draft: ApiObject, options: WriteOptions): ApiObject {
  const { strategy, bucket } = served.definition
  validateObject(deps, served, draft, undefined, options)
  strategy.prepareCreate?.(draft, strategyContext(deps, options))
  if (options.dryRun) return draft
  return deps.store.put(bucket, storageKey(draft.metadata.namespace, draft.metadata.name ?? ''), draft)
}

/** The namespace of the path; a different one in the body is refused. */
export function settleNamespace(draft: ApiObject, { served, namespace }: Target): void {
  if (!served.definition.namespaced) {
    delete draft.metadata.namespace
    return
  }
  const given = draft.metadata.namespace
  if (given !== undefined && given !== '' && given !== namespace) {
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`)
  }
  if (namespace !== undefined) draft.metadata.namespace = namespace
}

function settleName(deps: ApiDeps, { served }: Target, draft: ApiObject): void {
  const { metadata } = draft
  if (metadata.name !== undefined && metadata.name !== '') return
  if (metadata.generateName === undefined || metadata.generateName === '') return
  for (let attempt = 0; attempt < NAME_ATTEMPTS; attempt += 1) {
    metadata.name = generatedName(metadata.generateName)
    if (bucketOf(deps, served).get(storageKey(metadata.namespace, metadata.name)) === undefined) return
  }
}

/** The namespace must be there and not be going away. */
function checkNamespace(deps: ApiDeps, { served, namespace }: Target, draft: ApiObject): void {
  if (!served.definition.namespaced || namespace === undefined) return
  const found = deps.store.bucket('/namespaces').get(storageKey(undefined, namespace))
  if (found === undefined) throw notFound({ group: '', name: 'namespaces' }, namespace)
  if (stringAt(found, 'status', 'phase') === 'Terminating') throw terminating(served, draft, namespace)
}

function terminating(served: ServedResource, draft: ApiObject, namespace: string): StatusError {
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`
  const plain = forbidden(resourceName(served), draft.metadata.name ?? '', why)
  return new StatusError(403, 'Forbidden', plain.message, {
    ...plain.details,
    causes: [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  })
}
