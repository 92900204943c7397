/**
 * Puts fairlead into a cluster. Running it again changes only what differs.
 */
import { GLOBAL_NETWORK, type GlobalNetwork } from '../../api/globalnet.ts'
import { type Membership, membershipProperties } from '../../api/membership.ts'
import { SYSTEM_NAMESPACE } from '../../api/names.ts'
import type { KubeObject } from '../../api/objects.ts'
import { Resource } from '../../api/resources.ts'
import { connectKube, type KubeConnection } from '../../kube/client.ts'
import type { KubeContextOptions } from '../../kube/credentials.ts'
import { isUnknownApi } from '../../kube/errors.ts'
import type { KubeClient } from '../../kube/types.ts'
import { loadOrCreateRoot } from '../../pki/clusterset-root.ts'
import { admissionObjects } from './admission.ts'
import { type Applied, applyObjects } from './apply-objects.ts'
import { type DnsOutcome, wireCoreDns } from './coredns.ts'
import { Discovery } from './discovery.ts'
import {
  manifestObjects,
  type Overlay,
  ROUTER,
  withCertificateHashes,
  withGlobalnet,
  withoutNetworkPolicies,
  withRouterReplicas,
} from './installation.ts'
import { ROOT_DAYS, WAIT_MS } from './limits.ts'
import { checkWanted, chooseMembership, type WantedMembership } from './membership.ts'
import { certifiedRoles, processSecret, type TlsSecret } from './process-certificates.ts'
import { reportSecret } from './report-secret.ts'
import { onEveryNode, rolledOut } from './rollout.ts'

export interface InstallOptions extends KubeContextOptions, WantedMembership {
  /** Folder of the clusterset's root; made there when missing. */
  readonly pkiDir: string
  readonly overlay: Overlay
  /** Default: what the overlay says. */
  readonly routerReplicas?: number | undefined
  /** The admission policies too. */
  readonly admission?: boolean
  /** Global addresses: the agents, and a GlobalNetwork with this spec; what is not said stays as it is. */
  readonly globalnet?: NonNullable<GlobalNetwork['spec']> | undefined
  /** Default true. */
  readonly networkPolicies?: boolean
  /** Wait until every process is ready. */
  readonly wait?: boolean
  /** Bound of each wait. Default 2 minutes. */
  readonly timeoutMs?: number
  /** Told what goes on. */
  readonly say?: (message: string) => void
}

export interface InstallReport extends Membership {
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
  const membership = await chooseMembership(client, contextName, options)
  const policies = options.admission ? await admissionObjects(client) : []
  say(`installing into ${contextName} as cluster ${membership.clusterId} of ${membership.clusterset}`)
  const present = await presentGlobalnet(client)
  const hadGlobalnet = present !== undefined
  // What is said, over what there is: an update without the flag turns nothing off, and forgets no setting.
  const globalnet =
    options.globalnet === undefined && !hadGlobalnet ? undefined : { ...present, ...options.globalnet }
  const secrets = await processSecrets(client, membership, { ...options, globalnet })
  const overlay = withRouterReplicas(await manifestObjects(options.overlay), options.routerReplicas)
  const objects = globalnet === undefined ? overlay : await withGlobalnet(overlay, globalnet)
  const hashed = withCertificateHashes(objects, secrets)
  const manifests = options.networkPolicies === false ? withoutNetworkPolicies(hashed) : hashed
  const wanted: KubeObject[] = [
    ...manifests,
    ...policies,
    ...secrets,
    await reportSecret(client, SYSTEM_NAMESPACE),
    ...membershipProperties(membership),
  ]
  const isUpdate =
    (await client.get(Resource.deployment, { namespace: SYSTEM_NAMESPACE, name: ROUTER })) !== undefined
  const isNetwork = ({ kind }: KubeObject) => kind === Resource.globalNetwork.kind
  const discovery = new Discovery(client)
  const first = await applyObjects(
    client,
    discovery,
    wanted.filter((object) => !isNetwork(object)),
  )
  const last = wanted.filter(isNetwork)
  // Agents take source ports for slots from then on: no older router may be left that uses them for anything else.
  if (last.length > 0 && isUpdate && !hadGlobalnet) await routersRolledOut(client, manifests, timeoutMs, say)
  const applied = [...first, ...(await applyObjects(client, discovery, last))]
  const dns = await wireCoreDns(client, timeoutMs)
  if (dns.outcome === 'left alone') say(`warning: ${dns.advice}`)
  if (options.wait) await waitForProcesses(client, manifests, timeoutMs, say)
  return { ...membership, objects: applied, dns }
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

async function processSecrets(
  client: KubeClient,
  membership: Membership,
  { pkiDir: dir, globalnet }: Pick<InstallOptions, 'pkiDir' | 'globalnet'>,
): Promise<TlsSecret[]> {
  const { clusterId: cluster, clusterset } = membership
  const root = await loadOrCreateRoot({ dir, clusterset, days: ROOT_DAYS })
  return await Promise.all(
    certifiedRoles(globalnet !== undefined).map((role) =>
      processSecret(client, root, { clusterset, cluster, role }),
    ),
  )
}

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
