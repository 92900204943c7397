/**
 * Subresources other than status: scale, token, eviction, log, proxy, finalize.
 */
import type { TokenIssuer } from '../authn/service-account-tokens.ts'
import { methodNotAllowed, pathNotFound } from '../errors.ts'
import type { Target } from '../verbs/deps.ts'
import { finalizeHandler, tokenHandler } from './account-subresources.ts'
import type { RequestContext } from './context.ts'
import type { ObjectHandlerDeps } from './object-handlers.ts'
import { podProxyHandler } from './pod-proxy.ts'
import { evictionHandler, logHandler } from './pod-subresources.ts'
import type { Reply } from './reply.ts'
import { scaleHandler } from './scale-handler.ts'

type SubresourceHandler = (
  deps: ObjectHandlerDeps,
  target: Target,
  name: string,
  verb: string,
  context: RequestContext,
) => Promise<Reply>

export class SubresourceHandlers {
  readonly #deps: ObjectHandlerDeps
  readonly #handlers: ReadonlyMap<string, SubresourceHandler>

  /** Handlers by subresource name. */
  constructor(deps: ObjectHandlerDeps, handlers: ReadonlyMap<string, SubresourceHandler>) {
    this.#deps = deps
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
    return handler(this.#deps, target, name, verb, context)
  }
}

/** All there are; `kubelets` are the sockets that logs come from, by node. */
export function createSubresources(
  deps: ObjectHandlerDeps,
  tokens: TokenIssuer,
  kubelets: ReadonlyMap<string, string>,
): SubresourceHandlers {
  return new SubresourceHandlers(
    deps,
    new Map<string, SubresourceHandler>([
      ['scale', scaleHandler],
      ['eviction', evictionHandler],
      ['finalize', finalizeHandler],
      ['token', tokenHandler(tokens)],
      ['log', logHandler(kubelets)],
      ['proxy', podProxyHandler],
    ]),
  )
}

function offers({ served }: Target, subresource: string): boolean {
  if (subresource === 'scale') return served.version.scale !== undefined
  return served.definition.subresources.some(({ name }) => name === subresource)
}

function verbsOf({ served }: Target, subresource: string): readonly string[] {
  return served.definition.subresources.find(({ name }) => name === subresource)?.verbs ?? []
}
