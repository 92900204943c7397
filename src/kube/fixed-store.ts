/**
 * A store of objects that are known without asking an API server: for what a process has no right to watch.
 */
import type { KubeObject } from '../api/objects.ts'
import type { Reflected } from './reflector.ts'
import { ObjectStore } from './store.ts'

/** Holds what `objects` gives when it is asked at the start, and never changes after that; it is not synced before. */
export function fixedStore<T extends KubeObject>(
  objects: () => readonly T[] | Promise<readonly T[]>,
): Reflected<T> {
  return new FixedStore<T>(objects)
}

class FixedStore<T extends KubeObject> extends ObjectStore<T> implements Reflected<T> {
  readonly #objects: () => readonly T[] | Promise<readonly T[]>

  constructor(objects: () => readonly T[] | Promise<readonly T[]>) {
    super({}, (error) => {
      throw error
    })
    this.#objects = objects
  }

  async start(): Promise<void> {
    const objects = this.#objects()
    if (objects instanceof Promise) void objects.then((known) => this.replace(known))
    else this.replace(objects)
  }

  async stop(): Promise<void> {}
}
