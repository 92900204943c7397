/**
 * The Trust of a member, as commands find it.
 */
import { Resource } from '../../api/resources.ts'
import { TRUST, type Trust } from '../../api/trust.ts'
import { isUnknownApi } from '../../kube/errors.ts'
import type { ObjectRef } from '../../kube/types.ts'
import { notInstalled } from '../install/errors.ts'
import type { Member, Scope } from '../member.ts'

export function trustRef({ systemNamespace }: Pick<Scope, 'systemNamespace'>): Required<ObjectRef> {
  return { namespace: systemNamespace, name: TRUST }
}

/** Undefined when there is none. Throws InstallError where the kind is not known. */
export async function presentTrust(member: Member): Promise<Trust | undefined> {
  try {
    return await member.client.get<Trust>(Resource.trust, trustRef(member))
  } catch (error) {
    if (isUnknownApi(error)) throw notInstalled(error)
    throw error
  }
}
