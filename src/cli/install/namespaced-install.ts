/**
 * Puts a member of one namespace into it, with no right beyond that namespace. Running it again changes only what differs.
 */
import type { ServiceImport } from '../../api/mcs.ts'
import { SYSTEM_NAMESPACE } from '../../api/names.ts'
import type { Service } from '../../api/objects.ts'
import { apiVersion, Resource, type ResourceType } from '../../api/resources.ts'
import { UsageError } from '../../core/errors.ts'
import { connectKube, type KubeConnection } from '../../kube/client.ts'
import { isUnknownApi } from '../../kube/errors.ts'
import type { KubeClient } from '../../kube/types.ts'
import { waitFor } from '../wait.ts'
import { applyObjects } from './apply-objects.ts'
import { Discovery } from './discovery.ts'
import { InstallError } from './errors.ts'
import {
  awaited,
  describePlan,
  type InstallOptions,
  type InstallReport,
  waitForProcesses,
} from './install.ts'
import {
  NAMESPACED_OVERLAYS,
  namespacedObjects,
  withoutNetworkPolicies,
  withRouterReplicas,
} from './installation.ts'
import { WAIT_MS } from './limits.ts'
import { checkWanted, presentIdentity, type WantedMembership } from './membership.ts'
import { reportSecret } from './report-secret.ts'
import { trustPlan } from './trust-plan.ts'
import { isOurs } from './uninstall.ts'

/** What takes rights of the whole cluster, and is not there; docs/security.md says the same. */
export const LEFT_OUT = [
  'names of clusterset.local in the cluster DNS: pods ask the Service fairlead-dns',
  'other namespaces: their exports are not seen, and no import is made there',
  'the zones of nodes, and the ClusterProperties of the cluster: others are told the id and the clusterset',
  'global addresses, and admission policies',
] as const

export type NamespacedOptions = Omit<InstallOptions, 'globalnet' | 'admission'> & {
  /** Default: the context's. */
  readonly namespace?: string | undefined
}

/** Installs a member of one namespace. Throws before anything is written where that cannot be. */
export async function installNamespaced(options: NamespacedOptions): Promise<InstallReport> {
  checkWanted(options)
  if (!NAMESPACED_OVERLAYS.includes(options.overlay))
    throw new UsageError(`--namespace-scoped takes no overlay but ${NAMESPACED_OVERLAYS.join(', ')}`)
  const connection = await connectKube(options)
  try {
    return await installInto(connection, options)
  } finally {
    await connection.client.close()
  }
}

async function installInto(
  { client, contextName, namespace: contextNamespace }: KubeConnection,
  options: NamespacedOptions,
): Promise<InstallReport> {
  const { say = () => {}, timeoutMs = WAIT_MS, namespace = contextNamespace } = options
  if (namespace === SYSTEM_NAMESPACE)
    throw new UsageError(`${SYSTEM_NAMESPACE} is where a whole cluster has fairlead: give --namespace`)
  await requireKinds(client)
  const wanted = await wantedMembership(client, namespace, options)
  await requireAlone(client, namespace)
  const plan = await trustPlan(client, {
    wanted,
    contextName,
    pkiDir: options.pkiDir,
    readmit: options.readmit,
    globalnet: false,
    founds: options.clusterset !== undefined,
    namespace,
  })
  say(`installing into namespace ${namespace} of ${contextName} ${describePlan(plan)}`)
  const objects = withRouterReplicas(
    await namespacedObjects(options.overlay, namespace),
    options.routerReplicas,
  )
  const manifests = options.networkPolicies === false ? withoutNetworkPolicies(objects) : objects
  const applied = await applyObjects(client, new Discovery(client), [
    ...manifests,
    ...plan.objects,
    await reportSecret(client, namespace),
  ])
  if (options.wait) await waitForProcesses(client, awaited(manifests, plan), timeoutMs, say)
  const address = await waitFor('the address of Service fairlead-dns', timeoutMs, async () => {
    const found = await client.get<Service>(Resource.service, { namespace, name: 'fairlead-dns' })
    return found?.spec?.clusterIP || undefined
  })
  for (const what of LEFT_OUT) say(`left out: ${what}`)
  const advice = `have your pods ask ${address}, port 53, for clusterset.local (dnsConfig), or an administrator forward it there`
  return { ...plan.membership, trust: plan.kind, objects: applied, dns: { outcome: 'left alone', advice } }
}

const KINDS: readonly ResourceType[] = [
  ...[Resource.serviceExport, Resource.serviceImport],
  ...[Resource.link, Resource.trafficPolicy, Resource.servicePolicy, Resource.trust],
]

/** Everybody may ask which kinds are served; their definitions only administrators may read. */
async function requireKinds(client: KubeClient): Promise<void> {
  const discovery = new Discovery(client)
  const missing: string[] = []
  for (const type of KINDS) {
    try {
      await discovery.typeOf({ apiVersion: apiVersion(type), kind: type.kind, metadata: {} })
    } catch (error) {
      if (!isUnknownApi(error) && !(error instanceof InstallError)) throw error
      missing.push(`${type.kind} ${apiVersion(type)}`)
    }
  }
  if (missing.length > 0)
    throw new InstallError(
      `this cluster lacks ${missing.join(', ')}: have an administrator run "kubectl apply -f manifests/base/crds"`,
    )
}

/** No other can be asked: the ClusterProperties are the cluster's, and this member is a cluster of its own. */
async function wantedMembership(
  client: KubeClient,
  namespace: string,
  { clusterId, clusterset }: WantedMembership,
): Promise<WantedMembership> {
  const present = await presentIdentity(client, namespace)
  const id = clusterId ?? present?.cluster
  if (id === undefined)
    throw new UsageError('give --cluster-id: a member of one namespace has an id of its own')
  const member = { clusterId: id, clusterset: clusterset ?? present?.clusterset }
  const isOther =
    present !== undefined &&
    (present.cluster !== member.clusterId || present.clusterset !== member.clusterset)
  if (!isOther) return member
  throw new UsageError(
    `namespace ${namespace} is a member as ${present.cluster} of ${present.clusterset}: to change that, run "fairlead uninstall --namespace-scoped" first`,
  )
}

/** Two that serve one namespace would undo each other's work. */
async function requireAlone(client: KubeClient, namespace: string): Promise<void> {
  const controller = { namespace, name: 'fairlead-controller' }
  if ((await client.get(Resource.deployment, controller)) !== undefined) return
  const { items } = await client.list<ServiceImport>(Resource.serviceImport, { namespace })
  if (!items.some(isOurs)) return
  throw new InstallError(
    `a fairlead of the whole cluster serves namespace ${namespace} already, or did until lately: it has ServiceImports of its controller`,
  )
}
