/** Counts what a controller writes, and tells when it has come to rest. */
import type { WritingClient } from '../../src/kube/owned-objects.ts'
import type { KubeClient } from '../../src/kube/types.ts'

/** Milliseconds without a write after which no further one is waited for. */
const REST_MS = 400

const LOOK_MS = 20

/** What was written for one reason. */
export interface Counted {
  /** Requests by verb and resource. */
  readonly requests: Readonly<Record<string, number>>
  /** Until the last one was answered, milliseconds; undefined when there was none. */
  readonly lastAfterMs: number | undefined
}

export class Written {
  readonly #requests = new Map<string, number>()
  #underWay = 0
  #answeredAt = 0

  /** The client with its writes counted. */
  counting(client: KubeClient): WritingClient {
    return {
      apply: (type, object, options) => {
        const what = options.subresource === undefined ? type.plural : `${type.plural}/${options.subresource}`
        return this.#count(`apply ${what}`, client.apply(type, object, options))
      },
      patch: (type, ref, ...rest) => this.#count(`patch ${type.plural}`, client.patch(type, ref, ...rest)),
      delete: (type, ref, options) => this.#count(`delete ${type.plural}`, client.delete(type, ref, options)),
    }
  }

  /** An Event, which is written a second later or less. */
  event(): void {
    this.#note('create events')
  }

  /** Everything that is written because of `act`. */
  async dueTo(act: () => Promise<void> | void): Promise<Counted> {
    this.#requests.clear()
    const start = performance.now()
    this.#answeredAt = start
    await act()
    await this.#rest()
    const requests = Object.fromEntries([...this.#requests].sort())
    return { requests, lastAfterMs: this.#requests.size === 0 ? undefined : this.#answeredAt - start }
  }

  async #count<T>(what: string, request: Promise<T>): Promise<T> {
    this.#note(what)
    this.#underWay += 1
    try {
      return await request
    } finally {
      this.#underWay -= 1
      this.#answeredAt = performance.now()
    }
  }

  #note(what: string): void {
    this.#requests.set(what, (this.#requests.get(what) ?? 0) + 1)
  }

  async #rest(): Promise<void> {
    let since = performance.now()
    while (performance.now() - since < REST_MS) {
      await new Promise((wake) => setTimeout(wake, LOOK_MS))
      if (this.#underWay > 0) since = performance.now()
      else since = Math.max(since, this.#answeredAt)
    }
  }
}
