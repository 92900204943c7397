/**
 * The optional admission policies, which stand beside any overlay: whether a cluster can have them, and how they go.
 */
import type { KubeObject } from '../../api/objects.ts'
import { apiVersion, Resource } from '../../api/resources.ts'
import { ApiError, isUnknownApi } from '../../kube/errors.ts'
import type { KubeClient } from '../../kube/types.ts'
import { waitFor } from '../wait.ts'
import { InstallError } from './errors.ts'
import { manifestObjects } from './installation.ts'

/** The policies and their bindings; an InstallError where the API server does not know the kind. */
export async function admissionObjects(client: KubeClient): Promise<KubeObject[]> {
  try {
    await client.raw(`/apis/${apiVersion(Resource.admissionPolicy)}`)
  } catch (error) {
    if (!isUnknownApi(error)) throw error
    throw new InstallError(
      'admission policies need Kubernetes 1.30 or newer: this cluster does not know them',
      {
        cause: error,
      },
    )
  }
  return await manifestObjects('admission')
}

/** `write`, again while it is refused by a policy that is gone: API servers act on one for a second or so longer. */
export async function pastPolicies<T>(write: () => Promise<T>, timeoutMs: number): Promise<T> {
  const { result } = await waitFor('the end of the admission policies', timeoutMs, async () => {
    try {
      return { result: await write() }
    } catch (error) {
      if (isRefusal(error)) return undefined
      throw error
    }
  })
  return result
}

function isRefusal(error: unknown): boolean {
  return error instanceof ApiError && /ValidatingAdmissionPolicy '?fairlead-/.test(error.message)
}
