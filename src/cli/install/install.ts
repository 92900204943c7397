/**
 * Puts fairlead into a cluster. Running it again changes only what differs.
 */
import { GLOBAL_NETWORK, type GlobalNetwork } from '../../api/globalnet.ts'
import { membershipProperties } from '../../api/membership.ts'
import { SYSTEM_NAMESPACE } from '../../api/names.ts'
import type { KubeObject } from '../../api/objects.ts'
import { Resource } from '../../api/resources.ts'
import { connectKube, type KubeConnection } from '../../kube/client.ts'
import type { KubeContextOptions } from '../../kube/credentials.ts'
import { isUnknownApi } from '../../kube/errors.ts'
import type { KubeClient } from '../../kube/types.ts'
import { admissionObjects } from './admission.ts'
import { type Applied, applyObjects } from './apply-objects.ts'
import { type DnsOutcome, wireCoreDns } from './coredns.ts'
import { Discovery } from './discovery.ts'
import {
  manifestObjects,
  type Overlay,
  ROUTER,
  withGlobalnet,
  withoutNetworkPolicies,
  withRouterReplicas,
} from './installation.ts'
import { WAIT_MS } from './limits.ts'
import { checkWanted, chooseMembership, type WantedMembership } from './membership.ts'
import { reportSecret } from './report-secret.ts'
import { onEveryNode, rolledOut } from './rollout.ts'
import { type TrustPlan, trustPlan } from './trust-plan.ts'

export interface InstallOptions extends KubeContextOptions, WantedMembership {
  /** Folder of the clusterset's root; made there when missing. Undefined: the root is in a cluster. */
  readonly pkiDir?: string | undefined
  /** With `pkiDir`: a cluster that was revoked may come back. */
  readonly readmit?: boolean | undefined
  readonly overlay: Overlay
  /** Default: what the overlay says. */
  readonly routerReplicas?: number | undefined
  /** The admission policies too. */
  readonly admission?: boolean
  /** Global addresses: the agents, and a GlobalNetwork with this spec; what is not said stays as it is. */
  readonly globalnet?: NonNullable<GlobalNetwork['spec']> | undefined
  /** Default true. */
  readonly networkPolicies?: boolean
  /** Wait until every process is ready; in a cluster that waits to join, until its DNS is. */
  readonly wait?: boolean
  /** Bound of each wait. Default 2 minutes. */
  readonly timeoutMs?: number
  /** Told what goes on. */
  readonly say?: (message: string) => void
}

export interface InstallReport extends WantedMembership {
  /** How the cluster is a member, or is not. */
  readonly trust: TrustPlan['kind']
  readonly objects: readonly Applied[]
  readonly dns: DnsOutcome
}

/** Installs fairlead into the cluster of a kubeconfig context. */
export async function installFairlead(options: InstallOptions): Promise<InstallReport> {
  checkWanted(options)
  const connection = await connectKube(options)
  try {
    return await installInto(connection, options)
  } finally {
    await connection.client.close()
  }
}

async function installInto(connection: KubeConnection, options: InstallOptions): Promise<InstallReport> {
  const { client, contextName } = connection
  const { say = () => {}, timeoutMs = WAIT_MS } = options
  const wanted = await chooseMembership(client, options)
  const policies = options.admission ? await admissionObjects(client) : []
  const present = await presentGlobalnet(client)
  const hadGlobalnet = present !== undefined
  // What is said, over what there is: an update without the flag turns nothing off, and forgets no setting.
  const globalnet =
    options.globalnet === undefined && !hadGlobalnet ? undefined : { ...present, ...options.globalnet }
  const plan = await trustPlan(client, {
    wanted,
    contextName,
    pkiDir: options.pkiDir,
    readmit: options.readmit,
    globalnet: globalnet !== undefined,
    founds: options.clusterset !== undefined,
  })
  say(`installing into ${contextName} ${describePlan(plan)}`)
  const overlay = withRouterReplicas(await manifestObjects(options.overlay), options.routerReplicas)
  const objects = globalnet === undefined ? overlay : await withGlobalnet(overlay, globalnet)
  const manifests = options.networkPolicies === false ? withoutNetworkPolicies(objects) : objects
  const all: KubeObject[] = [
    ...manifests,
    ...policies,
    ...plan.objects,
    await reportSecret(client, SYSTEM_NAMESPACE),
    ...membershipProperties(plan.membership),
  ]
  const isUpdate =
    (await client.get(Resource.deployment, { namespace: SYSTEM_NAMESPACE, name: ROUTER })) !== undefined
  const isNetwork = ({ kind }: KubeObject) => kind === Resource.globalNetwork.kind
  const discovery = new Discovery(client)
  const first = await applyObjects(
    client,
    discovery,
    all.filter((object) => !isNetwork(object)),
  )
  const last = all.filter(isNetwork)
  // Agents take source ports for slots from then on: no older router may be left that uses them for anything else.
  if (last.length > 0 && isUpdate && !hadGlobalnet) await routersRolledOut(client, objects, timeoutMs, say)
  const applied = [...first, ...(await applyObjects(client, discovery, last))]
  const dns = await wireCoreDns(client, timeoutMs)
  if (dns.outcome === 'left alone') say(`warning: ${dns.advice}`)
  if (plan.kind === 'waits')
    say(
      'this cluster is no member of a clusterset yet: run "fairlead join FILE", or install with --clusterset to found one',
    )
  if (options.wait) await waitForProcesses(client, awaited(objects, plan), timeoutMs, say)
  return { ...plan.membership, trust: plan.kind, objects: applied, dns }
}

/** The spec of the GlobalNetwork that there is. */
async function presentGlobalnet(client: KubeClient): Promise<InstallOptions['globalnet']> {
  try {
    const found = await client.get<GlobalNetwork>(Resource.globalNetwork, { name: GLOBAL_NETWORK })
    return found && (found.spec ?? {})
  } catch (error) {
    if (isUnknownApi(error)) return undefined
    throw error
  }
}

/** What becomes of the cluster, in words. */
export function describePlan({ kind, membership }: TrustPlan): string {
  const { clusterId, clusterset } = membership
  if (kind === 'waits') return clusterId === undefined ? 'to join' : `to join as cluster ${clusterId}`
  const verb = kind === 'founds' ? 'which founds' : 'of'
  return `as cluster ${clusterId} ${verb} clusterset ${clusterset}`
}

/** What can be ready: without a certificate only the resolver is. */
export function awaited(objects: readonly KubeObject[], { kind }: TrustPlan): readonly KubeObject[] {
  return kind === 'waits' ? objects.filter(({ metadata }) => metadata.name === DNS) : objects
}

const DNS = 'fairlead-dns'

async function routersRolledOut(
  client: KubeClient,
  manifests: readonly KubeObject[],
  timeoutMs: number,
  say: (message: string) => void,
): Promise<void> {
  const router = manifests.find(
    ({ kind, metadata }) => kind === Resource.deployment.kind && metadata.name === ROUTER,
  )
  if (router === undefined) return
  say('waiting for the routers, before global addresses are turned on')
  await rolledOut(client, router.metadata, timeoutMs)
}

/** Resolves when what the manifests say runs, and is ready. */
export async function waitForProcesses(
  client: KubeClient,
  manifests: readonly KubeObject[],
  timeoutMs: number,
  say: (message: string) => void,
): Promise<void> {
  const deployments = manifests.filter(({ kind }) => kind === Resource.deployment.kind)
  const daemonSets = manifests.filter(({ kind }) => kind === Resource.daemonSet.kind)
  say(`waiting for ${[...deployments, ...daemonSets].map(({ metadata }) => metadata.name).join(', ')}`)
  await Promise.all([
    ...deployments.map(({ metadata }) => rolledOut(client, metadata, timeoutMs)),
    ...daemonSets.map(({ metadata }) => onEveryNode(client, metadata, timeoutMs)),
  ])
}
