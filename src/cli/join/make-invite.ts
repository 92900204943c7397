/**
 * Makes an Invite and waits for the file that goes with it.
 */
import { randomBytes } from 'node:crypto'
import { findCondition, isTrue } from '../../api/conditions.ts'
import { type Invite, InviteCondition, JOIN_SERVICE } from '../../api/invite.ts'
import { Port, SYSTEM_NAMESPACE } from '../../api/names.ts'
import type { Service } from '../../api/objects.ts'
import { Resource } from '../../api/resources.ts'
import { TRUST, type Trust } from '../../api/trust.ts'
import { isNotFound, isUnknownApi } from '../../kube/errors.ts'
import type { KubeClient } from '../../kube/types.ts'
import { readInviteFile } from '../../trust/join/invite-files.ts'
import { InviteFault } from '../../trust/join/invite-status.ts'
import { joinUrl } from '../../trust/join/own-addresses.ts'
import { type Node, outsideAddresses } from '../../trust/outside-addresses.ts'
import { InstallError, notInstalled } from '../install/errors.ts'
import { waitFor } from '../wait.ts'

/**
 * What a controller cannot find out about a cluster whose Services have node ports, since it may not list nodes: the user
 * can. Nothing for other clusters.
 */
export async function nodeAddresses(client: KubeClient): Promise<Pick<InviteSpec, 'url' | 'endpoints'>> {
  const service = (name: string) => client.get<Service>(Resource.service, { namespace, name })
  const [join, router] = await Promise.all([service(JOIN_SERVICE), service('fairlead-router')])
  if (join?.spec?.type !== 'NodePort') return {}
  const nodes = (await client.list<Node>(Resource.node)).items
  const [first] = outsideAddresses(join, Port.join, nodes)
  const endpoints = router?.spec?.type === 'NodePort' ? outsideAddresses(router, Port.link, nodes) : []
  return {
    ...(first === undefined ? {} : { url: joinUrl(first) }),
    ...(endpoints.length === 0 ? {} : { endpoints }),
  }
}

type InviteSpec = NonNullable<Invite['spec']>

export interface MadeInvite {
  readonly name: string
  /** RFC 3339. */
  readonly expiresAt: string
  /** Secret. */
  readonly file: string
}

const namespace = SYSTEM_NAMESPACE

/** Resolves when it can be used. One that comes to nothing is deleted again. */
export async function makeInvite(
  client: KubeClient,
  spec: InviteSpec,
  { timeoutMs, say }: { readonly timeoutMs: number; readonly say: (message: string) => void },
): Promise<MadeInvite> {
  const name = `${spec.clusterId ?? 'invite'}-${randomBytes(3).toString('hex')}`
  await create(client, { metadata: { namespace, name }, spec })
  try {
    return await waitFor(`invite ${name}`, timeoutMs, inviteLook(client, name, say))
  } catch (error) {
    await client.delete(Resource.invite, { namespace, name })
    throw error
  }
}

async function create(client: KubeClient, invite: Invite): Promise<void> {
  try {
    await client.create(Resource.invite, invite)
  } catch (error) {
    if (!isUnknownApi(error) && !isNotFound(error)) throw error
    throw notInstalled(error)
  }
}

/** Says each new reason to wait; throws where no waiting would help. */
function inviteLook(
  client: KubeClient,
  name: string,
  say: (message: string) => void,
): () => Promise<MadeInvite | undefined> {
  let said = ''
  return async () => {
    const { status } = (await client.get<Invite>(Resource.invite, { namespace, name })) ?? {}
    if (isTrue(status?.conditions, InviteCondition.ready)) return await made(client, name, status?.expiresAt)
    const { reason, message } = findCondition(status?.conditions, InviteCondition.ready) ?? WAITING
    if (await isHopeless(client, reason)) throw new InstallError(message)
    if (message !== said) say(message)
    said = message
    return undefined
  }
}

const WAITING = { reason: '', message: 'waiting for the controller to make a code' }

async function made(client: KubeClient, name: string, expiresAt = ''): Promise<MadeInvite | undefined> {
  const file = await readInviteFile(client, namespace, name)
  return file === undefined ? undefined : { name, expiresAt, file }
}

async function isHopeless(client: KubeClient, reason: string): Promise<boolean> {
  const { noAddress, invalid, tooMany, notFounder, expired, usedUp } = InviteFault
  if (reason === notFounder) {
    // One that has just founded has its root in a moment.
    const trust = await client.get<Trust>(Resource.trust, { namespace, name: TRUST })
    return trust?.spec?.found !== true
  }
  return [noAddress, invalid, tooMany, expired, usedUp].some((each) => each === reason)
}
