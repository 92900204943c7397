/**
 * From a request that is known and allowed to the handler that answers it.
 */
import { methodNotAllowed, pathNotFound } from '../errors.ts'
import type { ServedResource } from '../kinds/resource-definition.ts'
import type { Target } from '../verbs/deps.ts'
import { type CollectionConfig, listHandler, watchHandler } from './collection-handlers.ts'
import type { RequestContext } from './context.ts'
import {
  createHandler,
  deleteCollectionHandler,
  deleteHandler,
  getHandler,
  type ObjectHandlerDeps,
  updateHandler,
} from './object-handlers.ts'
import { patchHandler } from './patch-handler.ts'
import type { Reply } from './reply.ts'
import type { ResourceRequest } from './request-info.ts'
import type { SubresourceHandlers } from './subresources.ts'

export interface DispatcherDeps extends ObjectHandlerDeps {
  readonly subresources: SubresourceHandlers
  /** Answers kinds that are asked, not stored: access reviews. */
  readonly review: (
    served: ServedResource,
    target: Target,
    context: RequestContext,
  ) => Promise<Reply> | undefined
}

export class Dispatcher {
  readonly #deps: DispatcherDeps
  readonly #config: CollectionConfig

  constructor(deps: DispatcherDeps, config: CollectionConfig) {
    this.#deps = deps
    this.#config = config
  }

  async dispatch(info: ResourceRequest, context: RequestContext): Promise<Reply> {
    const served = this.#deps.kinds.find(info.group, info.version, info.resource)
    if (served === undefined) throw pathNotFound()
    const target: Target = { served, namespace: served.definition.namespaced ? info.namespace : undefined }
    checkScope(served, info)
    if (info.subresource !== undefined) return this.#subresource(target, info, info.subresource, context)
    const review = this.#deps.review(served, target, context)
    if (review !== undefined) return review
    return info.name === undefined
      ? this.#collection(target, info, context)
      : this.#single(target, info.name, info, context)
  }

  async #collection(target: Target, info: ResourceRequest, context: RequestContext): Promise<Reply> {
    switch (info.verb) {
      case 'list':
        return listHandler(this.#deps, target, context)
      case 'watch':
        return watchHandler(this.#deps, target, undefined, context, this.#config)
      case 'create':
        if (target.served.definition.namespaced && target.namespace === undefined) throw methodNotAllowed()
        return createHandler(this.#deps, target, context)
      case 'deletecollection':
        return deleteCollectionHandler(this.#deps, target, context)
      default:
        throw methodNotAllowed()
    }
  }

  async #single(
    target: Target,
    name: string,
    info: ResourceRequest,
    context: RequestContext,
  ): Promise<Reply> {
    switch (info.verb) {
      case 'get':
        return getHandler(this.#deps, target, name, context)
      case 'watch':
        return watchHandler(this.#deps, target, name, context, this.#config)
      case 'update':
        return updateHandler(this.#deps, target, name, undefined, context)
      case 'patch':
        return patchHandler(this.#deps, target, name, undefined, context)
      case 'delete':
        return deleteHandler(this.#deps, target, name, context)
      default:
        throw methodNotAllowed()
    }
  }

  async #subresource(
    target: Target,
    info: ResourceRequest,
    subresource: string,
    context: RequestContext,
  ): Promise<Reply> {
    const { name, verb } = info
    if (name === undefined) throw pathNotFound()
    if (subresource !== 'status')
      return this.#deps.subresources.handle(target, name, subresource, verb, context)
    if (!target.served.version.status) throw pathNotFound()
    switch (verb) {
      case 'get':
        return getHandler(this.#deps, target, name, context)
      case 'update':
        return updateHandler(this.#deps, target, name, 'status', context)
      case 'patch':
        return patchHandler(this.#deps, target, name, 'status', context)
      default:
        throw methodNotAllowed()
    }
  }
}

/** Namespaced objects are only reached through their namespace, and others never through one. */
function checkScope({ definition }: ServedResource, info: ResourceRequest): void {
  const inNamespace = info.path.includes('/namespaces/') && info.resource !== 'namespaces'
  if (definition.namespaced ? info.name !== undefined && !inNamespace : inNamespace) throw pathNotFound()
}
