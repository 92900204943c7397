/**
 * A store of objects that are known without asking an API server: for what a process has no right to watch.
 */
import type { KubeObject } from '../api/objects.ts'
import type { Reflected } from './reflector.ts'
import { ObjectStore } from './store.ts'

/** Holds what `objects` gives at its start, and never changes after that. */
export function fixedStore<T extends KubeObject>(objects: () => readonly T[]): Reflected<T> {
  return new FixedStore<T>(objects)
}

class FixedStore<T extends KubeObject> extends ObjectStore<T> implements Reflected<T> {
  readonly #objects: () => readonly T[]

  constructor(objects: () => readonly T[]) {
    super({}, (error) => {
      throw error
    })
    this.#objects = objects
  }

  async start(): Promise<void> {
    this.replace(this.#objects())
  }

  async stop(): Promise<void> {}
}
