/**
 * What the verbs work with, and the options every write takes.
 */
import type { Clock } from '../../../core/clock.ts'
import type { ApiObject } from '../api-object.ts'
import type { KindRegistry } from '../kinds/registry.ts'
import type { ServedResource, StrategyContext } from '../kinds/resource-definition.ts'
import type { Bucket } from '../storage/bucket.ts'
import type { ObjectStore } from '../storage/object-store.ts'

export interface ApiDeps {
  readonly clock: Clock
  readonly store: ObjectStore
  readonly kinds: KindRegistry
}

export const FieldValidation = ['Ignore', 'Warn', 'Strict'] as const
export type FieldValidation = (typeof FieldValidation)[number]

export interface WriteOptions {
  readonly dryRun: boolean
  /** Who owns the fields written. */
  readonly fieldManager: string
  readonly fieldValidation: FieldValidation
  /** Adds a Warning header to the answer. */
  readonly warn: (text: string) => void
}

/** Options of writes the server makes itself. */
export const SERVER_WRITE: WriteOptions = {
  dryRun: false,
  fieldManager: 'kube-apiserver',
  fieldValidation: 'Ignore',
  warn: () => {},
}

/** Where an object is. */
export interface Target {
  readonly served: ServedResource
  readonly namespace: string | undefined
}

export function bucketOf(deps: ApiDeps, served: ServedResource): Bucket {
  return deps.store.bucket(served.definition.bucket)
}

/** The group and plural of a resource, as messages name it. */
export function resourceName(served: ServedResource): { group: string; name: string } {
  return { group: served.definition.group, name: served.definition.resource }
}

export function kindName(served: ServedResource): { group: string; name: string } {
  return { group: served.definition.group, name: served.definition.kind }
}

export function strategyContext(deps: ApiDeps, options: WriteOptions): StrategyContext {
  return {
    now: deps.clock.now(),
    dryRun: options.dryRun,
    list: (bucket: string, namespace?: string): readonly ApiObject[] =>
      deps.store.bucket(bucket).values(namespace),
  }
}
