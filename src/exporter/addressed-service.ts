/**
 * Writes a derived Service that asks for addresses it may not get.
 */
import type { Service } from '../api/objects.ts'
import { ApiError } from '../kube/errors.ts'
import { serviceAspect } from './owned-kinds.ts'
import type { OwnedObjects } from './owned-objects.ts'

/** An address may be taken by now, and a family not be there: any other is better than none. */
export async function ensureAddressed(services: OwnedObjects<Service>, wanted: Service): Promise<Service> {
  try {
    return await services.ensure(wanted, serviceAspect)
  } catch (error) {
    const { clusterIP, clusterIPs, ipFamilies, ...spec } = wanted.spec ?? {}
    if ((clusterIP === undefined && ipFamilies === undefined) || !isInvalid(error)) throw error
    return await services.ensure({ ...wanted, spec }, serviceAspect)
  }
}

function isInvalid(error: unknown): boolean {
  return error instanceof ApiError && error.status === 422
}
