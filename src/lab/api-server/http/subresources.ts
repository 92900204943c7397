/**
 * Subresources other than status: scale, token, eviction, log, finalize.
 */
import { methodNotAllowed, pathNotFound } from '../errors.ts'
import type { Target } from '../verbs/deps.ts'
import type { RequestContext } from './context.ts'
import type { Reply } from './reply.ts'

export type SubresourceHandler = (
  target: Target,
  name: string,
  verb: string,
  context: RequestContext,
) => Promise<Reply>

export class SubresourceHandlers {
  readonly #handlers: ReadonlyMap<string, SubresourceHandler>

  /** Handlers by subresource name. */
  constructor(handlers: ReadonlyMap<string, SubresourceHandler>) {
    this.#handlers = handlers
  }

  async handle(
    target: Target,
    name: string,
    subresource: string,
    verb: string,
    context: RequestContext,
  ): Promise<Reply> {
    const handler = this.#handlers.get(subresource)
    if (handler === undefined || !offers(target, subresource)) throw pathNotFound()
    if (subresource !== 'scale' && !verbsOf(target, subresource).includes(verb)) throw methodNotAllowed()
    return handler(target, name, verb, context)
  }
}

function offers({ served }: Target, subresource: string): boolean {
  if (subresource === 'scale') return served.version.scale !== undefined
  return served.definition.subresources.some(({ name }) => name === subresource)
}

function verbsOf({ served }: Target, subresource: string): readonly string[] {
  return served.definition.subresources.find(({ name }) => name === subresource)?.verbs ?? []
}
