/**
 * Makes the Link that lets one cluster dial another.
 */

import { isTrue } from '../../api/conditions.ts'
import type { LinkEndpoint, LinkResource } from '../../api/link.ts'
import { LinkCondition } from '../../api/link.ts'
import { Port, SYSTEM_NAMESPACE } from '../../api/names.ts'
import type { Service } from '../../api/objects.ts'
import { Resource } from '../../api/resources.ts'
import { connectKube } from '../../kube/client.ts'
import type { KubeContextOptions } from '../../kube/credentials.ts'
import { isNotFound, isUnknownApi } from '../../kube/errors.ts'
import type { KubeClient } from '../../kube/types.ts'
import { isOutside, type Node, outsideAddresses } from '../../trust/outside-addresses.ts'
import { waitFor } from '../wait.ts'
import { INSTALL_MANAGER } from './apply-objects.ts'
import { InstallError, notInstalled } from './errors.ts'
import { WAIT_MS } from './limits.ts'
import { presentMembership } from './membership.ts'

const ROUTER = { namespace: SYSTEM_NAMESPACE, name: 'fairlead-router' } as const

export interface LinkOptions {
  readonly cost?: number | undefined
  /** Wait until the link is ready. */
  readonly wait?: boolean | undefined
  readonly timeoutMs: number
}

/** Where to dial: a name and addresses given by the user, or another cluster that is asked for its own. */
export type LinkTarget =
  | { readonly name: string; readonly endpoints: readonly LinkEndpoint[] }
  | { readonly cluster: KubeClient; readonly name?: string | undefined }

/** Both clusters by their contexts in a kubeconfig. */
export interface LinkedContexts extends KubeContextOptions, Partial<LinkOptions> {
  readonly toContext: string
  readonly name?: string
}

/** Has the cluster of `context` dial the cluster of `toContext`. */
export async function linkClusters({ toContext, name, ...options }: LinkedContexts): Promise<LinkResource> {
  const from = await connectKube(options)
  const to = await connectKube({ ...options, context: toContext })
  try {
    return await createLink(from.client, { cluster: to.client, name }, { timeoutMs: WAIT_MS, ...options })
  } finally {
    await Promise.all([from.client.close(), to.client.close()])
  }
}

/** Creates or changes the Link in the cluster of `client`. */
export async function createLink(
  client: KubeClient,
  target: LinkTarget,
  { cost, wait, timeoutMs }: LinkOptions,
): Promise<LinkResource> {
  const { name, endpoints } = 'cluster' in target ? await remoteRouter(target, timeoutMs) : target
  const spec = { endpoints: [...endpoints], ...(cost === undefined ? {} : { cost }) }
  const applied = await applyLink(client, { metadata: { namespace: SYSTEM_NAMESPACE, name }, spec })
  return wait ? await linkReady(client, name, timeoutMs) : applied
}

async function applyLink(client: KubeClient, link: LinkResource): Promise<LinkResource> {
  try {
    return await client.apply<LinkResource>(Resource.link, link, { fieldManager: INSTALL_MANAGER })
  } catch (error) {
    if (!isUnknownApi(error) && !isNotFound(error)) throw error
    throw notInstalled(error)
  }
}

async function linkReady(client: KubeClient, name: string, timeoutMs: number): Promise<LinkResource> {
  return await waitFor(`link ${name}`, timeoutMs, async () => {
    const link = await client.get<LinkResource>(Resource.link, { namespace: SYSTEM_NAMESPACE, name })
    return isTrue(link?.status?.conditions, LinkCondition.ready) ? link : undefined
  })
}

async function remoteRouter(
  target: Extract<LinkTarget, { cluster: unknown }>,
  timeoutMs: number,
): Promise<{ name: string; endpoints: LinkEndpoint[] }> {
  const { cluster } = target
  const { clusterId } = await presentMembership(cluster)
  const service = await cluster.get<Service>(Resource.service, ROUTER)
  if (clusterId === undefined || service === undefined) {
    throw new InstallError(
      'fairlead is not installed in the other cluster: run "fairlead install" there first',
    )
  }
  const what = 'an address for Service fairlead-router of the other cluster'
  const endpoints = await waitFor(what, timeoutMs, async () => {
    const present = await cluster.get<Service>(Resource.service, ROUTER)
    const found = present === undefined ? [] : await routerEndpoints(cluster, present)
    return found.length > 0 ? found : undefined
  })
  return { name: target.name ?? clusterId, endpoints }
}

/** The addresses other clusters can dial: the load balancer's, or those of the nodes. */
async function routerEndpoints(cluster: KubeClient, service: Service): Promise<LinkEndpoint[]> {
  if (!isOutside(service))
    throw new InstallError(
      "the other cluster's Service fairlead-router has no outside address (type ClusterIP): install with an overlay that gives it one, or link with --endpoint",
    )
  const nodes = service.spec?.type === 'NodePort' ? (await cluster.list<Node>(Resource.node)).items : []
  return outsideAddresses(service, Port.link, nodes)
}
