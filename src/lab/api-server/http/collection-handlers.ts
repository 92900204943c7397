/**
 * list and watch of one resource.
 */

import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Clock } from '../../../core/clock.ts'
import { badRequest, expired, invalid } from '../errors.ts'
import { MAX_WATCH_BACKLOG_BYTES, WATCH_DURATION_MS } from '../limits.ts'
import { readSelector } from '../selectors/list-selector.ts'
import { forbiddenField } from '../validation/field-error.ts'
import type { Target } from '../verbs/deps.ts'
import { type ListRequest, listObjects, parseRevision } from '../verbs/list.ts'
import { type WatchEvent, type WatchRequest, watchObjects } from '../verbs/watch.ts'
import type { RequestContext } from './context.ts'
import type { ObjectHandlerDeps } from './object-handlers.ts'
import type { Reply } from './reply.ts'
import { isTrue } from './request-info.ts'

export interface CollectionConfig {
  /** Time between bookmarks, milliseconds. */
  readonly bookmarkInterval: number
}

export function listHandler(deps: ObjectHandlerDeps, target: Target, context: RequestContext): Reply {
  return deps.presenter.list(
    target.served,
    listObjects(deps, target, readListRequest(target, context)),
    context,
  )
}

function readListRequest(target: Target, { query }: RequestContext): ListRequest {
  return {
    selector: readSelector(query, target.served),
    limit: positiveInteger(query.get('limit')),
    continueToken: query.get('continue') || undefined,
    resourceVersion: query.get('resourceVersion') ?? undefined,
    exact: query.get('resourceVersionMatch') === 'Exact',
  }
}

function positiveInteger(text: string | null): number | undefined {
  if (text === null || text === '') return undefined
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0)
    throw badRequest(`strconv.ParseInt: parsing "${text}": invalid syntax`)
  return value === 0 ? undefined : value
}

export function watchHandler(
  deps: ObjectHandlerDeps,
  target: Target,
  name: string | undefined,
  context: RequestContext,
  config: CollectionConfig,
): Reply {
  const request = readWatchRequest(target, name, context)
  const line = deps.presenter.watchLines(target.served, context)
  const bookmarks = isTrue(context.query.get('allowWatchBookmarks')) ? config.bookmarkInterval : undefined
  const duration = watchDuration(context.query)
  return {
    status: 200,
    contentType: 'application/json;stream=watch',
    stream: async (response) => {
      const output = new WatchOutput(response)
      const send = (event: WatchEvent) => output.write(line(event))
      const stop = watchObjects(deps, target, request, send)
      if (stop === undefined) {
        output.write(goneLine(request.since ?? 0, deps.store.revision))
        return output.flush()
      }
      const bookmark = () => send({ type: 'BOOKMARK', revision: deps.store.revision })
      const cancel = bookmarks === undefined ? () => {} : deps.clock.every(bookmarks, bookmark)
      try {
        await untilEnd(deps.clock, duration, response, context.signal)
        if (bookmarks !== undefined && !response.destroyed) bookmark()
      } finally {
        cancel()
        stop()
        output.flush()
      }
    },
  }
}

function readWatchRequest(target: Target, name: string | undefined, { query }: RequestContext): WatchRequest {
  const selector = readSelector(query, target.served, name)
  const sendInitial = query.get('sendInitialEvents')
  const version = query.get('resourceVersion') ?? ''
  if (sendInitial !== null) checkInitialEvents(query)
  else if (query.get('resourceVersionMatch')) {
    const fault = forbiddenField(
      'resourceVersionMatch',
      'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    )
    throw invalid({ group: 'meta.k8s.io', name: 'ListOptions' }, '', [fault])
  }
  const initial = sendInitial === null ? version === '' || version === '0' : sendInitial === 'true'
  return {
    selector,
    since: initial ? undefined : version === '' || version === '0' ? undefined : parseRevision(version),
    markInitialEnd: sendInitial === 'true' && isTrue(query.get('allowWatchBookmarks')),
  }
}

/** Streaming lists must say how the resource version is meant. */
function checkInitialEvents(query: URLSearchParams): void {
  if (query.get('resourceVersionMatch') === 'NotOlderThan') return
  const detail = 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'
  throw invalid({ group: 'meta.k8s.io', name: 'ListOptions' }, '', [
    forbiddenField('resourceVersionMatch', detail),
  ])
}

/** `timeoutSeconds`, or about half an hour, spread so that watches do not all return at once. */
function watchDuration(query: URLSearchParams): number {
  const seconds = positiveInteger(query.get('timeoutSeconds'))
  return seconds === undefined ? WATCH_DURATION_MS * (1 + Math.random()) : seconds * 1000
}

function goneLine(since: number, present: number): string {
  const error = expired(`too old resource version: ${since} (${present})`)
  return `${JSON.stringify({ type: 'ERROR', object: error.toStatus() })}\n`
}

/** Resolves when the time is up, the client is gone, or the server stops. */
async function untilEnd(
  clock: Clock,
  duration: number,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const done = new AbortController()
  const timeUp = new Promise<void>((resolve) => {
    const cancel = clock.after(duration, resolve)
    done.signal.addEventListener('abort', cancel)
  })
  const aborted = once(signal, 'abort', { signal: done.signal })
  const closed = once(response, 'close', { signal: done.signal })
  aborted.catch(() => {})
  closed.catch(() => {})
  try {
    if (!signal.aborted && !response.destroyed) await Promise.race([timeUp, aborted, closed])
  } finally {
    done.abort()
  }
}

/** Joins the lines of one turn into one write, and ends readers that fall too far behind. */
class WatchOutput {
  readonly #response: ServerResponse
  #pending: string[] = []

  constructor(response: ServerResponse) {
    this.#response = response
  }

  write(line: string): void {
    this.#pending.push(line)
    if (this.#pending.length === 1) queueMicrotask(() => this.flush())
  }

  flush(): void {
    if (this.#pending.length === 0 || this.#response.destroyed) return
    const text = this.#pending.join('')
    this.#pending = []
    if (this.#response.writableLength > MAX_WATCH_BACKLOG_BYTES) this.#response.destroy()
    else this.#response.write(text)
  }
}
