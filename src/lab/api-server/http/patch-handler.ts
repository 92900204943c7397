/**
 * PATCH in its four forms, told apart by the media type.
 */
import { unsupportedMediaType } from '../errors.ts'
import type { Target } from '../verbs/deps.ts'
import type { RequestContext } from './context.ts'
import type { ObjectHandlerDeps } from './object-handlers.ts'
import type { Reply } from './reply.ts'

export async function patchHandler(
  _deps: ObjectHandlerDeps,
  _target: Target,
  _name: string,
  _subresource: 'status' | undefined,
  _context: RequestContext,
): Promise<Reply> {
  throw unsupportedMediaType(['application/json-patch+json'])
}
