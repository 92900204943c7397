/**
 * Applies the file of an invite and follows the JoinRequest in it to its end.
 */
import { findCondition, isTrue } from '../../api/conditions.ts'
import { JoinCondition, type JoinRequest } from '../../api/invite.ts'
import { LinkCondition, type LinkResource } from '../../api/link.ts'
import { SYSTEM_NAMESPACE } from '../../api/names.ts'
import type { KubeObject } from '../../api/objects.ts'
import { Resource } from '../../api/resources.ts'
import { isNotFound, isUnknownApi } from '../../kube/errors.ts'
import type { KubeClient } from '../../kube/types.ts'
import { isFinal, JoinReason } from '../../trust/join/join-status.ts'
import { InstallError, notInstalled } from '../install/errors.ts'
import { waitFor } from '../wait.ts'

/** What an invite's file holds. */
export interface JoinFile {
  readonly secret: KubeObject
  readonly request: JoinRequest
}

export interface JoinOptions {
  readonly timeoutMs: number
  readonly say: (message: string) => void
}

/** Field manager of what a user applies by `fairlead`. */
const MANAGER = 'fairlead-cli'

/** The Secret first: a JoinRequest without its code waits. */
export async function applyJoinFile(client: KubeClient, { secret, request }: JoinFile): Promise<void> {
  try {
    await client.apply(Resource.secret, secret, { fieldManager: MANAGER })
    await client.apply(Resource.joinRequest, request, { fieldManager: MANAGER })
  } catch (error) {
    if (!isUnknownApi(error) && !isNotFound(error)) throw error
    throw notInstalled(error)
  }
}

/** Resolves when the cluster is a member and its Link is up. Throws InstallError with the reason when it is refused. */
export async function joined(
  client: KubeClient,
  name: string,
  { timeoutMs, say }: JoinOptions,
): Promise<NonNullable<JoinRequest['status']>> {
  const status = await waitFor('joining', timeoutMs, joinLook(client, name, talker(say)))
  const { link } = status
  if (link !== undefined) await waitFor(`link ${link}`, timeoutMs, linkLook(client, link, talker(say)))
  return status
}

function joinLook(client: KubeClient, name: string, tell: (message: string) => void) {
  const ref = { namespace: SYSTEM_NAMESPACE, name }
  return async (): Promise<NonNullable<JoinRequest['status']> | undefined> => {
    const request = await client.get<JoinRequest>(Resource.joinRequest, ref)
    const condition = findCondition(request?.status?.conditions, JoinCondition.redeemed)
    if (condition === undefined || condition.observedGeneration !== request?.metadata.generation)
      return undefined
    const { reason, message, status } = condition
    tell(message)
    if (status === 'True') return request?.status
    if (isFinal(reason) || reason === JoinReason.untrusted)
      throw new InstallError(`the cluster did not join (${reason}): ${message}`)
    return undefined
  }
}

function linkLook(client: KubeClient, name: string, tell: (message: string) => void) {
  const ref = { namespace: SYSTEM_NAMESPACE, name }
  return async (): Promise<true | undefined> => {
    const conditions = (await client.get<LinkResource>(Resource.link, ref))?.status?.conditions
    if (isTrue(conditions, LinkCondition.ready)) return true
    const failure = findCondition(conditions, LinkCondition.established)
    if (failure?.reason === 'Failed') tell(`link ${name}: ${failure.message}`)
    return undefined
  }
}

/** Says everything once. */
function talker(say: (message: string) => void): (message: string) => void {
  let said = ''
  return (message) => {
    if (message !== said) say(message)
    said = message
  }
}
