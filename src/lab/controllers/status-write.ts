/**
 * Writing a status only when it says something new.
 */
import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from '../../api/objects.ts'
import type { ResourceType } from '../../api/resources.ts'
import { isNotFound } from '../../kube/errors.ts'
import type { KubeClient } from '../../kube/types.ts'
import { refOf } from './controller-deps.ts'

/** Patches the status subresource when it differs. Undefined when nothing was written or the object is gone. */
export async function writeStatus<T extends KubeObject & { status?: S }, S extends object>(
  client: KubeClient,
  type: ResourceType,
  object: T,
  status: S,
): Promise<T | undefined> {
  if (isDeepStrictEqual(significant(object.status), significant(status))) return undefined
  try {
    return await client.patch<T>(type, refOf(object), 'merge', { status }, 'status')
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** API servers leave out numbers that are zero, so an absent field and a zero are equal. */
function significant(status: object | undefined): object {
  return Object.fromEntries(
    Object.entries(status ?? {}).filter(([, value]) => value !== undefined && value !== 0),
  )
}
