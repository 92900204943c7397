/**
 * Makes the Link that lets one member dial another: clusters, or single namespaces of clusters.
 */
import { isTrue } from '../../api/conditions.ts'
import { LinkCondition, type LinkEndpoint, type LinkResource } from '../../api/link.ts'
import { Port } from '../../api/names.ts'
import type { Service } from '../../api/objects.ts'
import { Resource } from '../../api/resources.ts'
import { isForbidden, isNotFound, isUnknownApi } from '../../kube/errors.ts'
import type { KubeClient } from '../../kube/types.ts'
import { isOutside, type Node, outsideAddresses } from '../../trust/outside-addresses.ts'
import { type Member, type MemberOptions, withMember } from '../member.ts'
import { waitFor } from '../wait.ts'
import { INSTALL_MANAGER } from './apply-objects.ts'
import { InstallError, notInstalled } from './errors.ts'
import { WAIT_MS } from './limits.ts'
import { membershipOf } from './membership.ts'

const ROUTER = 'fairlead-router'

export interface LinkOptions {
  readonly cost?: number | undefined
  /** Wait until the link is ready. */
  readonly wait?: boolean | undefined
  readonly timeoutMs: number
}

/** Where to dial, and what to call that. */
export interface LinkTarget {
  readonly name: string
  readonly endpoints: readonly LinkEndpoint[]
}

/** Both members by their contexts in a kubeconfig. */
export interface LinkedContexts extends MemberOptions, Partial<LinkOptions> {
  readonly toContext: string
  readonly toSystemNamespace?: string | undefined
  /** Default: the id of the other member. */
  readonly name?: string
}

/** Has the member of `context` dial the one of `toContext`, which is asked for its addresses. */
export async function linkClusters(options: LinkedContexts): Promise<LinkResource> {
  const { toContext, toSystemNamespace, name } = options
  const limits = { timeoutMs: WAIT_MS, ...options }
  const to = { ...options, context: toContext, systemNamespace: toSystemNamespace }
  const asked = (other: Member) => remoteRouter(other, name, limits.timeoutMs)
  const target = await withMember(to, asked, '--to-system-namespace')
  return await withMember(options, (member) => createLink(member, target, limits))
}

/** Creates or changes the Link of the member that dials. */
export async function createLink(
  { client, systemNamespace: namespace }: Member,
  { name, endpoints }: LinkTarget,
  { cost, wait, timeoutMs }: LinkOptions,
): Promise<LinkResource> {
  const spec = { endpoints: [...endpoints], ...(cost === undefined ? {} : { cost }) }
  const ref = { namespace, name }
  const applied = await applyLink(client, { metadata: ref, spec })
  if (!wait) return applied
  return await waitFor(`link ${name}`, timeoutMs, async () => {
    const link = await client.get<LinkResource>(Resource.link, ref)
    return isTrue(link?.status?.conditions, LinkCondition.ready) ? link : undefined
  })
}

async function applyLink(client: KubeClient, link: LinkResource): Promise<LinkResource> {
  try {
    return await client.apply<LinkResource>(Resource.link, link, { fieldManager: INSTALL_MANAGER })
  } catch (error) {
    if (!isUnknownApi(error) && !isNotFound(error)) throw error
    throw notInstalled(error)
  }
}

/** Who is given a name for the link needs no right to ask who the other member is. */
async function remoteRouter(
  other: Member,
  wanted: string | undefined,
  timeoutMs: number,
): Promise<LinkTarget> {
  const { client, systemNamespace: namespace } = other
  const router = () => client.get<Service>(Resource.service, { namespace, name: ROUTER })
  const name = wanted ?? (await membershipOf(other)).clusterId
  if (name === undefined || (await router()) === undefined) throw notThere(other)
  const what = `an address for Service ${ROUTER} of the other cluster`
  const endpoints = await waitFor(what, timeoutMs, async () => {
    const present = await router()
    const found = present === undefined ? [] : await routerEndpoints(client, present)
    return found.length > 0 ? found : undefined
  })
  return { name, endpoints }
}

function notThere({ contextName, served: { namespace } }: Member): InstallError {
  return new InstallError(
    namespace === undefined
      ? 'fairlead is not installed in the other cluster: run "fairlead install" there first, or give --to-system-namespace for a member of one namespace'
      : `fairlead is not installed in namespace ${namespace} of ${contextName}: run "fairlead install --namespace-scoped" there first`,
  )
}

/** The addresses other clusters can dial: the load balancer's, or those of the nodes. */
async function routerEndpoints(client: KubeClient, service: Service): Promise<LinkEndpoint[]> {
  if (!isOutside(service))
    throw new InstallError(
      `the other cluster's Service ${ROUTER} has no outside address (type ClusterIP): install with an overlay that gives it one, or link with --endpoint`,
    )
  const nodes = service.spec?.type === 'NodePort' ? await nodesOf(client) : []
  return outsideAddresses(service, Port.link, nodes)
}

/** They are of the whole cluster: not everybody may ask. */
async function nodesOf(client: KubeClient): Promise<readonly Node[]> {
  try {
    return (await client.list<Node>(Resource.node)).items
  } catch (error) {
    if (!isForbidden(error)) throw error
    throw new InstallError(
      `you have no right to list the nodes of the other cluster, whose addresses its Service ${ROUTER} has (type NodePort): link with --endpoint`,
      { cause: error },
    )
  }
}
