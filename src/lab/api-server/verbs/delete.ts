/**
 * delete: at once, or a mark that finalizers, grace periods or the garbage collector act on.
 */
import { type ApiObject, keyOf, timestamp } from '../api-object.ts'
import { conflict } from '../errors.ts'
import { cloneJson, equalJson } from '../json/compare.ts'
import type { ServedResource } from '../kinds/resource-definition.ts'
import { type ApiDeps, resourceName, type Target } from './deps.ts'
import { readObject } from './read.ts'
import { hasSpecFinalizers } from './update.ts'

export interface DeleteOptions {
  readonly dryRun: boolean
  readonly gracePeriodSeconds: number | undefined
  readonly propagationPolicy: 'Background' | 'Foreground' | 'Orphan' | undefined
  readonly uid: string | undefined
  readonly resourceVersion: string | undefined
}

export const DELETE_NOW: DeleteOptions = {
  dryRun: false,
  gracePeriodSeconds: undefined,
  propagationPolicy: 'Background',
  uid: undefined,
  resourceVersion: undefined,
}

export interface DeleteResult {
  readonly object: ApiObject
  /** False: only marked. */
  readonly removed: boolean
}

/** Finalizers the garbage collector serves. */
export const Finalizer = { foreground: 'foregroundDeletion', orphan: 'orphan' } as const

/** Deletes the object called `name`. */
export function deleteObject(
  deps: ApiDeps,
  target: Target,
  name: string,
  options: DeleteOptions,
): DeleteResult {
  const current = readObject(deps, target, name)
  checkPreconditions(target.served, current, options)
  return deleteStored(deps, target.served, current, options)
}

function checkPreconditions(served: ServedResource, current: ApiObject, options: DeleteOptions): void {
  const { uid, resourceVersion, name = '' } = current.metadata
  if (options.uid !== undefined && options.uid !== uid) {
    const why = `Precondition failed: UID in precondition: ${options.uid}, UID in object meta: ${uid}`
    throw conflict(resourceName(served), name, why)
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion) {
    const why = `Precondition failed: ResourceVersion in precondition: ${options.resourceVersion}, ResourceVersion in object meta: ${resourceVersion}`
    throw conflict(resourceName(served), name, why)
  }
}

/** Deletes a stored object whose preconditions hold. */
export function deleteStored(
  deps: ApiDeps,
  served: ServedResource,
  current: ApiObject,
  options: DeleteOptions,
): DeleteResult {
  const { strategy, bucket } = served.definition
  const finalizers = finalizersFor(current, options.propagationPolicy)
  const grace = strategy.graceSeconds?.(current, options.gracePeriodSeconds) ?? 0
  if (finalizers.length > 0 || grace > 0 || hasSpecFinalizers(current)) {
    return { object: mark(deps, served, current, finalizers, grace, options.dryRun), removed: false }
  }
  if (options.dryRun) return { object: current, removed: true }
  strategy.released?.(current)
  return { object: deps.store.remove(bucket, keyOf(current), current), removed: true }
}

function finalizersFor({ metadata }: ApiObject, policy: DeleteOptions['propagationPolicy']): string[] {
  const present = metadata.finalizers ?? []
  if (policy === undefined) return present
  const others = present.filter((name) => name !== Finalizer.foreground && name !== Finalizer.orphan)
  if (policy === 'Foreground') return [...others, Finalizer.foreground]
  return policy === 'Orphan' ? [...others, Finalizer.orphan] : others
}

function mark(
  deps: ApiDeps,
  served: ServedResource,
  current: ApiObject,
  finalizers: readonly string[],
  grace: number,
  dryRun: boolean,
): ApiObject {
  const next = cloneJson(current)
  const { metadata } = next
  if (finalizers.length > 0) metadata.finalizers = [...finalizers]
  else delete metadata.finalizers
  if (metadata.deletionTimestamp === undefined || grace < (metadata.deletionGracePeriodSeconds ?? 0)) {
    if (metadata.deletionTimestamp === undefined && metadata.generation !== undefined)
      metadata.generation += 1
    metadata.deletionTimestamp = timestamp(deps.clock.now() + grace * 1000)
    metadata.deletionGracePeriodSeconds = grace
  }
  if (next.kind === 'Namespace' && next.apiVersion === 'v1') next['status'] = { phase: 'Terminating' }
  if (dryRun || equalJson(next, current)) return next
  return deps.store.put(served.definition.bucket, keyOf(next), next)
}
