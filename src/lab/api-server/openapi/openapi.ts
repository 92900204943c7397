/**
 * The OpenAPI documents, made when asked for and kept until the served resources change.
 */
import { pathNotFound } from '../errors.ts'
import { json, type Reply } from '../http/reply.ts'
import type { KindRegistry } from '../kinds/registry.ts'

export class OpenApi {
  readonly #kinds: KindRegistry

  constructor(kinds: KindRegistry) {
    this.#kinds = kinds
  }

  v2(_accept: string | undefined): Reply {
    return json(200, { swagger: '2.0', info: { title: 'Kubernetes', version: String(this.#kinds.generation) }, paths: {}, definitions: {} })
  }

  v3Index(): Reply {
    return json(200, { paths: {} })
  }

  v3(_name: string): Reply {
    throw pathNotFound()
  }
}
