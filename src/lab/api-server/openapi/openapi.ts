/**
 * The OpenAPI documents, made when asked for and kept until the served resources change.
 */
import { createHash } from 'node:crypto'
import { parseAccept } from '../http/accept.ts'
import { json, type Reply, type TextReply } from '../http/reply.ts'
import type { KindRegistry } from '../kinds/registry.ts'
import { documentV2 } from './document-v2.ts'
import { documentV3 } from './document-v3.ts'
import { encodeDocument } from './gnostic.ts'

const GNOSTIC = /^application\/com\.github\.proto-openapi\.spec\.v2(?:@|\.)v1\.0\+protobuf$/

export class OpenApi {
  readonly #kinds: KindRegistry
  /** Documents by path, and the generation of the registry they are of. */
  readonly #kept = new Map<string, TextReply>()
  #generation = -1

  constructor(kinds: KindRegistry) {
    this.#kinds = kinds
  }

  /** JSON or gnostic protobuf, as the Accept header says. */
  v2(accept: string | undefined): Reply {
    const wanted = parseAccept(accept).find(
      ({ type }) => GNOSTIC.test(type) || type === 'application/json' || type === '*/*',
    )
    if (wanted === undefined || !GNOSTIC.test(wanted.type))
      return this.#keep('v2.json', () => json(200, documentV2(this.#kinds)))
    const contentType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'
    return this.#keep('v2.pb', () => ({
      status: 200,
      contentType,
      body: encodeDocument(documentV2(this.#kinds)),
    }))
  }

  /** Which documents there are; the hash of each changes when it does. */
  v3Index(): Reply {
    return this.#keep('v3', () =>
      json(200, {
        paths: Object.fromEntries(
          this.#names().map((name) => [name, { serverRelativeURL: this.#url(name) }]),
        ),
      }),
    )
  }

  /** The document called `api/v1` or `apis/GROUP/VERSION`. */
  v3(name: string): Reply | undefined {
    const [root, first = '', second = ''] = name.split('/')
    const [group, version] = root === 'api' ? ['', first] : [first, second]
    const resources = this.#kinds.inVersion(group, version)
    return resources.length === 0 ? undefined : this.#keep(name, () => json(200, documentV3(resources)))
  }

  #names(): string[] {
    return [...this.#kinds.groups()].flatMap(([group, versions]) =>
      versions.map((version) => (group === '' ? `api/${version}` : `apis/${group}/${version}`)),
    )
  }

  /** Clients keep a document for ever under its URL, so the hash must be that of the content. */
  #url(name: string): string {
    const document = this.v3(name) as TextReply
    return `/openapi/v3/${name}?hash=${createHash('sha256').update(document.body).digest('hex').slice(0, 32).toUpperCase()}`
  }

  #keep(name: string, make: () => TextReply): TextReply {
    if (this.#generation !== this.#kinds.generation) {
      this.#kept.clear()
      this.#generation = this.#kinds.generation
    }
    const kept = this.#kept.get(name)
    if (kept !== undefined) return kept
    const made = make()
    const etag = `"${createHash('sha256').update(made.body).digest('hex').slice(0, 32).toUpperCase()}"`
    const reply = { ...made, headers: { etag } }
    this.#kept.set(name, reply)
    return reply
  }
}
