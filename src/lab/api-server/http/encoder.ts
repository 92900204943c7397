/**
 * JSON text of stored objects, made once for each: lists and watches of many clients share it.
 */
import type { ApiObject } from '../api-object.ts'
import { type ServedResource, toVersion } from '../kinds/resource-definition.ts'

export class ObjectEncoder {
  /** Keyed by the stored object itself, which never changes in place. */
  readonly #texts = new WeakMap<ApiObject, string>()

  /** The object in the version asked for. */
  encode(served: ServedResource, stored: ApiObject): string {
    const shown = toVersion(served, stored)
    if (shown !== stored) return JSON.stringify(shown)
    let text = this.#texts.get(stored)
    if (text === undefined) {
      text = JSON.stringify(stored)
      this.#texts.set(stored, text)
    }
    return text
  }
}
