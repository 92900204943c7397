/**
 * watch: changes of a resource from a revision on, as events of the objects a selector lets through.
 */
import { type ApiObject, keyOf } from '../api-object.ts'
import type { ListSelector } from '../selectors/list-selector.ts'
import type { ChangeEvent } from '../storage/event-window.ts'
import { type ApiDeps, bucketOf, type Target } from './deps.ts'

export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: ApiObject }
  | { readonly type: 'BOOKMARK'; readonly revision: number; readonly initialEventsEnd?: boolean }

export interface WatchRequest {
  readonly selector: ListSelector
  /** Undefined: begin with the present objects as ADDED. */
  readonly since: number | undefined
  /** After the present objects, a bookmark says that they were all. */
  readonly markInitialEnd: boolean
}

/** Hands events to `sink`, first what was missed, then live. Returns the way to stop; undefined when `since` is forgotten. */
export function watchObjects(
  deps: ApiDeps,
  target: Target,
  request: WatchRequest,
  sink: (event: WatchEvent) => void,
): (() => void) | undefined {
  const bucket = bucketOf(deps, target.served)
  const namespace = target.served.definition.namespaced ? target.namespace : undefined
  const translate = (change: ChangeEvent): void => {
    const event = translateChange(change, namespace, request.selector)
    if (event !== undefined) sink(event)
  }
  if (request.since === undefined) sendPresent(deps, bucket.values(namespace), request, sink)
  else {
    const missed = request.since > deps.store.revision ? undefined : bucket.window.since(request.since)
    if (missed === undefined) return undefined
    for (const change of missed) translate(change)
  }
  return bucket.subscribe(translate)
}

function sendPresent(
  deps: ApiDeps,
  objects: readonly ApiObject[],
  request: WatchRequest,
  sink: (event: WatchEvent) => void,
): void {
  for (const object of objects) if (request.selector.matches(object)) sink({ type: 'ADDED', object })
  if (request.markInitialEnd)
    sink({ type: 'BOOKMARK', revision: deps.store.revision, initialEventsEnd: true })
}

/** What a watcher sees of a change: objects enter and leave its selection. */
function translateChange(
  change: ChangeEvent,
  namespace: string | undefined,
  selector: ListSelector,
): WatchEvent | undefined {
  const { object, previous } = change
  if (namespace !== undefined && !keyOf(object).startsWith(`${namespace}/`)) return undefined
  const before = previous !== undefined && selector.matches(previous)
  if (change.type === 'DELETED')
    return before || previous === undefined ? { type: 'DELETED', object } : undefined
  const after = selector.matches(object)
  if (after) return { type: before ? 'MODIFIED' : 'ADDED', object }
  return before ? { type: 'DELETED', object: atRevision(previous, change.revision) } : undefined
}

function atRevision(object: ApiObject, revision: number): ApiObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } }
}
