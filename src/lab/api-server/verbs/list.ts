/**
 * list: one page of the objects a selector lets through, all pages of a list as of one revision.
 */
import type { ApiObject } from '../api-object.ts'
import { keyOf } from '../api-object.ts'
import { badRequest, expired, StatusError } from '../errors.ts'
import { MAX_LIST_LIMIT } from '../limits.ts'
import type { ListSelector } from '../selectors/list-selector.ts'
import { snapshotAt } from '../storage/snapshot-at.ts'
import { type ApiDeps, bucketOf, type Target } from './deps.ts'

export interface ListRequest {
  readonly selector: ListSelector
  readonly limit: number | undefined
  readonly continueToken: string | undefined
  readonly resourceVersion: string | undefined
  readonly exact: boolean
}

export interface ListPage {
  readonly items: readonly ApiObject[]
  readonly revision: number
  readonly continueToken: string | undefined
  readonly remaining: number | undefined
}

interface Position {
  readonly revision: number
  /** Last key of the page before. */
  readonly after: string
}

const CONTINUE_EXPIRED =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.'

/** The page asked for. */
export function listObjects(deps: ApiDeps, target: Target, request: ListRequest): ListPage {
  const position = request.continueToken === undefined ? undefined : parseToken(request.continueToken)
  const revision = position?.revision ?? wantedRevision(deps, request)
  const all = objectsAt(deps, target, revision)
  if (all === undefined) throw expired(position === undefined ? tooOld(request) : CONTINUE_EXPIRED)
  const rest = position === undefined ? all : all.filter((object) => keyOf(object) > position.after)
  return cutPage(rest, revision, request)
}

function objectsAt(deps: ApiDeps, { served, namespace }: Target, revision: number): ApiObject[] | undefined {
  return snapshotAt(bucketOf(deps, served), revision, served.definition.namespaced ? namespace : undefined)
}

function wantedRevision(deps: ApiDeps, { resourceVersion, exact }: ListRequest): number {
  const present = deps.store.revision
  if (resourceVersion === undefined || resourceVersion === '' || resourceVersion === '0') return present
  const wanted = parseRevision(resourceVersion)
  if (wanted > present) {
    throw new StatusError(504, 'Timeout', `Too large resource version: ${wanted}, current: ${present}`, {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    })
  }
  return exact ? wanted : present
}

/** A resourceVersion as a number; BadRequest otherwise. */
export function parseRevision(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw badRequest(`invalid resource version "${text}"`)
}

function tooOld({ resourceVersion }: ListRequest): string {
  return `The resourceVersion for the provided list is too old: ${resourceVersion}`
}

function cutPage(rest: readonly ApiObject[], revision: number, request: ListRequest): ListPage {
  const limit = Math.min(request.limit ?? Number.POSITIVE_INFINITY, MAX_LIST_LIMIT)
  const items: ApiObject[] = []
  for (const [index, object] of rest.entries()) {
    if (!request.selector.matches(object)) continue
    if (request.limit !== undefined && items.length === limit) {
      const last = items.at(-1)
      const token = last === undefined ? undefined : makeToken({ revision, after: keyOf(last) })
      return {
        items,
        revision,
        continueToken: token,
        remaining: request.selector.everything ? rest.length - index : undefined,
      }
    }
    items.push(object)
  }
  return { items, revision, continueToken: undefined, remaining: undefined }
}

function makeToken(position: Position): string {
  return Buffer.from(JSON.stringify({ rv: position.revision, after: position.after })).toString('base64url')
}

function parseToken(token: string): Position {
  try {
    const { rv, after } = JSON.parse(Buffer.from(token, 'base64url').toString()) as {
      rv: unknown
      after: unknown
    }
    if (typeof rv === 'number' && typeof after === 'string') return { revision: rv, after }
  } catch {
    // Falls through: any other text is no token of ours.
  }
  throw badRequest('continue key is not valid')
}
