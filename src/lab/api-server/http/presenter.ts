/**
 * Objects and lists in the form the client asked for: whole, as a Table, or metadata only.
 */
import type { ApiObject } from '../api-object.ts'
import { apiVersionOf, type ServedResource } from '../kinds/resource-definition.ts'
import type { TableMaker } from '../tables/table.ts'
import type { ListPage } from '../verbs/list.ts'
import type { WatchEvent } from '../verbs/watch.ts'
import { type ObjectForm, objectForm } from './accept.ts'
import type { RequestContext } from './context.ts'
import type { ObjectEncoder } from './encoder.ts'
import { json, type Reply } from './reply.ts'

export interface PresenterDeps {
  readonly encoder: ObjectEncoder
  readonly tables: TableMaker
}

export class Presenter {
  readonly #deps: PresenterDeps

  constructor(deps: PresenterDeps) {
    this.#deps = deps
  }

  /** One stored object. */
  object(served: ServedResource, stored: ApiObject, context: RequestContext, status: number): Reply {
    switch (objectForm(context.request.headers.accept)) {
      case 'Table':
        return json(
          status,
          this.#deps.tables.make(
            served,
            [stored],
            { resourceVersion: stored.metadata.resourceVersion },
            context.query,
          ),
        )
      case 'PartialObjectMetadata':
        return json(status, partialMetadata(stored))
      default:
        return json(status, this.#deps.encoder.encode(served, stored))
    }
  }

  list(served: ServedResource, page: ListPage, context: RequestContext): Reply {
    const metadata = listMetadata(page)
    switch (objectForm(context.request.headers.accept)) {
      case 'Table':
        return json(200, this.#deps.tables.make(served, page.items, metadata, context.query))
      case 'PartialObjectMetadata':
      case 'PartialObjectMetadataList':
        return json(200, {
          kind: 'PartialObjectMetadataList',
          apiVersion: 'meta.k8s.io/v1',
          metadata,
          items: page.items.map(partialMetadata),
        })
      default:
        return json(200, this.#encodeList(served, page.items, metadata))
    }
  }

  #encodeList(served: ServedResource, items: readonly ApiObject[], metadata: object): string {
    const head = JSON.stringify({
      kind: served.definition.listKind,
      apiVersion: apiVersionOf(served),
      metadata,
    })
    const body = items.map((item) => this.#deps.encoder.encode(served, item)).join(',')
    return `${head.slice(0, -1)},"items":[${body}]}`
  }

  /** A function that turns watch events into lines; tables carry their columns only in the first. */
  watchLines(served: ServedResource, context: RequestContext): (event: WatchEvent) => string {
    const form = objectForm(context.request.headers.accept)
    let first = true
    return (event) => {
      const object = this.#watchObject(served, event, form, first, context.query)
      first = false
      return `{"type":"${event.type}","object":${object}}\n`
    }
  }

  #watchObject(
    served: ServedResource,
    event: WatchEvent,
    form: ObjectForm,
    first: boolean,
    query: URLSearchParams,
  ): string {
    if (event.type === 'BOOKMARK') return JSON.stringify(bookmark(served, event, form))
    const { object } = event
    if (form === 'Table') {
      const metadata = { resourceVersion: object.metadata.resourceVersion }
      return JSON.stringify(this.#deps.tables.make(served, [object], metadata, query, first))
    }
    if (form !== 'Object') return JSON.stringify(partialMetadata(object))
    return this.#deps.encoder.encode(served, object)
  }
}

function listMetadata(page: ListPage): object {
  return {
    resourceVersion: String(page.revision),
    ...(page.continueToken === undefined ? {} : { continue: page.continueToken }),
    ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
  }
}

function partialMetadata(object: ApiObject): object {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata }
}

function bookmark(
  served: ServedResource,
  event: WatchEvent & { type: 'BOOKMARK' },
  form: ObjectForm,
): object {
  const metadata = {
    resourceVersion: String(event.revision),
    creationTimestamp: null,
    ...(event.initialEventsEnd === true ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
  }
  if (form === 'Table')
    return { kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata, columnDefinitions: [], rows: [] }
  if (form !== 'Object') return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata }
  return { kind: served.definition.kind, apiVersion: apiVersionOf(served), metadata }
}
