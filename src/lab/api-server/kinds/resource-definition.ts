/**
 * What the server knows of one resource: names, versions, verbs, and the rules of its kind.
 */
import type { ApiObject } from '../api-object.ts'
import type { Schema } from '../openapi/schema.ts'
import type { FieldError } from '../validation/field-error.ts'

/** Column of a table: of a CRD, `jsonPath` says where the value is. */
export interface PrinterColumn {
  readonly name: string
  readonly type: string
  readonly format?: string
  readonly description?: string
  readonly priority?: number
  readonly jsonPath: string
}

/** Where the scale subresource finds its numbers. */
export interface ScalePaths {
  readonly specReplicas: readonly string[]
  readonly statusReplicas: readonly string[]
  /** A string selector in status, or the LabelSelector object in spec. */
  readonly labelSelector: readonly string[] | undefined
}

export interface ResourceVersion {
  readonly version: string
  readonly served: boolean
  /** Definition name in OpenAPI. */
  readonly schemaName: string
  /** Undefined: anything goes (never for built-ins). */
  readonly schema: Schema | undefined
  readonly status: boolean
  readonly scale: ScalePaths | undefined
  readonly columns: readonly PrinterColumn[]
  /** From the stored form to this version and back; undefined when only apiVersion differs. */
  readonly convert?: Conversion
}

export interface Conversion {
  fromStored(object: ApiObject): ApiObject
  toStored(object: ApiObject): ApiObject
}

/** What the rules of a kind may look at besides the object. */
export interface StrategyContext {
  /** Milliseconds since 1970. */
  readonly now: number
  readonly dryRun: boolean
  /** All stored objects of another resource, `group/plural`. */
  list(bucket: string, namespace?: string): readonly ApiObject[]
}

/**
 * The rules of one kind. Objects handed in are drafts that may be changed; `current` is stored and must not be.
 */
export interface Strategy {
  /** Fills what the user left out; also run on updates. */
  defaults?(object: ApiObject): void
  /** Sets what only the server may set. */
  prepareCreate?(object: ApiObject, context: StrategyContext): void
  prepareUpdate?(next: ApiObject, current: ApiObject, context: StrategyContext): void
  validate?(object: ApiObject, context: StrategyContext): FieldError[]
  validateUpdate?(next: ApiObject, current: ApiObject): FieldError[]
  /** Field labels a field selector may name besides metadata.name and metadata.namespace. */
  readonly fieldLabels?: Readonly<Record<string, (object: ApiObject) => string>>
  /** metadata.generation counts changes of everything but metadata and status. */
  readonly countsGenerations?: boolean
  /** Updates must name the resourceVersion they replace. */
  readonly needsResourceVersion?: boolean
  /** Deletion waits this many seconds for its agent; undefined or 0 deletes at once. */
  graceSeconds?(object: ApiObject, asked: number | undefined): number | undefined
  /** Called when an object leaves the store. */
  released?(object: ApiObject): void
}

export interface ResourceDefinition {
  readonly group: string
  readonly resource: string
  readonly singular: string
  readonly kind: string
  readonly listKind: string
  readonly namespaced: boolean
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly verbs: readonly string[]
  /** Subresources besides status and scale. */
  readonly subresources: readonly Subresource[]
  readonly builtin: boolean
  /** `group/plural` of what is stored; differs for Events, which two groups share. */
  readonly bucket: string
  readonly storageVersion: string
  readonly versions: readonly ResourceVersion[]
  readonly strategy: Strategy
}

export interface Subresource {
  readonly name: string
  readonly kind: string
  readonly group?: string
  readonly version?: string
  readonly verbs: readonly string[]
}

/** A resource in one of its versions: what a request path names. */
export interface ServedResource {
  readonly definition: ResourceDefinition
  readonly version: ResourceVersion
}

export const ALL_VERBS = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
] as const

/** The apiVersion of objects of this resource. */
export function apiVersionOf(served: ServedResource): string {
  const { group } = served.definition
  return group === '' ? served.version.version : `${group}/${served.version.version}`
}

/** The stored object as this version shows it. */
export function toVersion(served: ServedResource, stored: ApiObject): ApiObject {
  if (served.version.convert !== undefined) return served.version.convert.fromStored(stored)
  const apiVersion = apiVersionOf(served)
  return stored.apiVersion === apiVersion ? stored : { ...stored, apiVersion }
}

/** An object of this version in the form it is stored in. */
export function toStorage(served: ServedResource, object: ApiObject): ApiObject {
  if (served.version.convert !== undefined) return served.version.convert.toStored(object)
  const { group, storageVersion } = served.definition
  const apiVersion = group === '' ? storageVersion : `${group}/${storageVersion}`
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion }
}
