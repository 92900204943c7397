/**
 * Writes a derived Service that asks for addresses it may not get.
 */
import type { Service } from '../api/objects.ts'
import type { Clock } from '../core/clock.ts'
import { ApiError } from '../kube/errors.ts'
import type { OwnedObjects } from '../kube/owned-objects.ts'
import { ADDRESS_RETRY } from './limits.ts'
import { serviceAspect } from './owned-kinds.ts'

/**
 * An address may be taken by now, and a family not be there: any other is better than none. Addresses of a Service that
 * was just deleted are taken for a moment more.
 */
export async function ensureAddressed(
  services: OwnedObjects<Service>,
  wanted: Service,
  clock: Pick<Clock, 'sleep'>,
): Promise<Service> {
  const { clusterIP, clusterIPs, ipFamilies, ...spec } = wanted.spec ?? {}
  for (let attempts = attemptsFor(wanted); attempts > 0; attempts--) {
    try {
      return await services.ensure(wanted, serviceAspect)
    } catch (error) {
      if (!isInvalid(error)) throw error
      if (attempts > 1) await clock.sleep(ADDRESS_RETRY.pauseMs)
    }
  }
  return await services.ensure({ ...wanted, spec }, serviceAspect)
}

/** A family that is not there will not come in a moment. */
function attemptsFor({ spec }: Service): number {
  if (spec?.clusterIP !== undefined) return ADDRESS_RETRY.attempts
  return spec?.ipFamilies === undefined ? 0 : 1
}

function isInvalid(error: unknown): boolean {
  return error instanceof ApiError && error.status === 422
}
