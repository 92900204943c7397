/**
 * Takes fairlead out of a cluster: first DNS, so that nobody resolves what is about to go, then the policies that would
 * refuse what follows, then the processes, so that nothing is written again, then what they made, then the rest.
 */
import { isTrue } from '../../api/conditions.ts'
import { GLOBAL_NETWORK } from '../../api/globalnet.ts'
import type { ServiceExport, ServiceImport } from '../../api/mcs.ts'
import { ExportCondition } from '../../api/mcs.ts'
import { ClusterPropertyName, Label, MANAGED_BY, MANAGED_LABEL, SYSTEM_NAMESPACE } from '../../api/names.ts'
import { REPORT_SECRET } from '../../api/network-report.ts'
import type { KubeObject, Pod } from '../../api/objects.ts'
import { Resource, type ResourceType } from '../../api/resources.ts'
import { TrustSecret } from '../../api/trust.ts'
import { connectKube } from '../../kube/client.ts'
import type { KubeContextOptions } from '../../kube/credentials.ts'
import { isConflict, isUnknownApi } from '../../kube/errors.ts'
import type { KubeClient, ListOptions } from '../../kube/types.ts'
import { waitFor } from '../wait.ts'
import { pastPolicies } from './admission.ts'
import { describeObject } from './apply-objects.ts'
import { type DnsOutcome, unwireCoreDns } from './coredns.ts'
import { isCrd } from './crds.ts'
import { Discovery } from './discovery.ts'
import { InstallError } from './errors.ts'
import { globalnetObjects, manifestObjects, namespacedObjects } from './installation.ts'
import { EDIT_ATTEMPTS, WAIT_MS } from './limits.ts'

export interface UninstallOptions extends KubeContextOptions {
  /** The member of one namespace, not that of the cluster. */
  readonly namespaceScoped?: boolean
  /** That namespace. Default: the context's. */
  readonly namespace?: string | undefined
  /** Delete the CRDs as well, and with them every ServiceExport, ServiceImport, policy and Link. */
  readonly crds?: boolean
  readonly timeoutMs?: number
  readonly say?: (message: string) => void
}

export interface UninstallReport {
  readonly deleted: readonly string[]
  readonly dns: DnsOutcome
}

/** What a member of one namespace leaves behind where nothing else was in its namespace. */
const LEFT_BY_PROCESSES = [
  ...[...Object.values(TrustSecret), REPORT_SECRET.name].map((name) => [Resource.secret, name] as const),
  [Resource.lease, 'fairlead-controller'] as const,
]

/** Uninstalls fairlead from the cluster of a kubeconfig context; what is not there is passed over. */
export async function uninstallFairlead(options: UninstallOptions): Promise<UninstallReport> {
  const { client, namespace: contextNamespace } = await connectKube(options)
  const namespace = options.namespaceScoped ? (options.namespace ?? contextNamespace) : undefined
  try {
    return await new Removal(client, { ...options, namespace }).run()
  } finally {
    await client.close()
  }
}

class Removal {
  readonly #client: KubeClient
  readonly #options: UninstallOptions
  readonly #deleted: string[] = []

  constructor(client: KubeClient, options: UninstallOptions) {
    this.#client = client
    this.#options = options
  }

  run(): Promise<UninstallReport> {
    const { namespace } = this.#options
    return namespace === undefined ? this.#wholeCluster() : this.#oneNamespace(namespace)
  }

  async #oneNamespace(namespace: string): Promise<UninstallReport> {
    const { say = () => {} } = this.#options
    const objects = await namespacedObjects('base', namespace)
    say('stopping the processes')
    await this.#stopProcesses(objects)
    say('deleting what they made')
    await this.#deleteDerived()
    await this.#clearExportConditions()
    await this.#deleteObjects(objects)
    for (const { metadata } of await this.#list(Resource.link)) await this.#delete(Resource.link, metadata)
    for (const [type, name] of LEFT_BY_PROCESSES) await this.#delete(type, { namespace, name })
    const advice = 'if pods or the cluster DNS ask the resolver of the namespace, end that'
    return { deleted: this.#deleted, dns: { outcome: 'left alone', advice } }
  }

  async #wholeCluster(): Promise<UninstallReport> {
    const { say = () => {}, crds = false } = this.#options
    const dns = await unwireCoreDns(this.#client)
    const objects = await manifestObjects('base')
    const globalnet = await globalnetObjects()
    await this.#deleteAdmission()
    await this.#turnGlobalnetOff(say)
    say('stopping the processes')
    await this.#stopProcesses([...globalnet, ...objects])
    say('deleting what they made')
    await this.#deleteDerived()
    await this.#clearExportConditions()
    await this.#deleteInstalled([...objects, ...globalnet].filter((object) => !isCrd(object)))
    if (crds) await this.#deleteInstalled(objects.filter(isCrd))
    else
      say(
        'the CRDs, your ServiceExports and TrafficPolicies are kept; "fairlead uninstall --crds" deletes them too',
      )
    return { deleted: this.#deleted, dns }
  }

  async #stopProcesses(objects: readonly KubeObject[]): Promise<void> {
    for (const { kind, metadata } of objects) {
      if (kind === Resource.deployment.kind) await this.#delete(Resource.deployment, metadata, 'Foreground')
      if (kind === Resource.daemonSet.kind) await this.#delete(Resource.daemonSet, metadata, 'Foreground')
    }
    await waitFor('the end of the processes', this.#timeout(), async () => {
      const { namespace = SYSTEM_NAMESPACE } = this.#options
      const pods = await this.#list(Resource.pod, { namespace, labelSelector: PART_OF })
      return pods.length === 0 ? true : undefined
    })
  }

  /** Without a GlobalNetwork each agent removes what it made on its node, and is not ready any more. */
  async #turnGlobalnetOff(say: (message: string) => void): Promise<void> {
    await this.#delete(Resource.globalNetwork, { name: GLOBAL_NETWORK })
    const ingress = await this.#list(Resource.globalIngressIP)
    const ours = ingress.filter(({ metadata }) => metadata.labels?.[MANAGED_LABEL] === MANAGED_BY)
    const agents = () =>
      this.#list<Pod>(Resource.pod, {
        namespace: SYSTEM_NAMESPACE,
        labelSelector: 'app.kubernetes.io/name=fairlead-agent',
      })
    if ((await agents()).length > 0) say('waiting for the agents to take their rules back')
    await waitFor('the agents to take their rules back', this.#timeout(), async () => {
      const left = (await agents()).filter(({ status }) => isTrue(status?.conditions, 'Ready'))
      return left.length === 0 ? true : undefined
    })
    for (const { metadata } of ours) await this.#delete(Resource.globalIngressIP, metadata)
  }

  /** Whether or not they were installed: they can also be applied by themselves. */
  async #deleteAdmission(): Promise<void> {
    const types = [Resource.admissionPolicyBinding, Resource.admissionPolicy]
    const objects = await manifestObjects('admission')
    for (const type of types) {
      for (const { kind, metadata } of objects) if (kind === type.kind) await this.#delete(type, metadata)
    }
  }

  async #deleteDerived(): Promise<void> {
    const slices = await this.#list(Resource.endpointSlice, {
      labelSelector: `${Label.managedBy}=${MANAGED_BY}`,
    })
    const services = await this.#list(Resource.service, { labelSelector: Label.derivedFrom })
    const imports = (await this.#list<ServiceImport>(Resource.serviceImport)).filter(isOurs)
    for (const { metadata } of imports) await this.#delete(Resource.serviceImport, metadata)
    for (const { metadata } of services) await this.#delete(Resource.service, metadata)
    for (const { metadata } of slices) await this.#delete(Resource.endpointSlice, metadata)
  }

  /** Exports are the user's; only what we said about them goes. */
  async #clearExportConditions(): Promise<void> {
    for (const { metadata } of await this.#list<ServiceExport>(Resource.serviceExport)) {
      for (let attempt = 1; !(await this.#clearedConditions(metadata)); attempt++) {
        if (attempt === EDIT_ATTEMPTS)
          throw new InstallError(`ServiceExport ${metadata.namespace}/${metadata.name} keeps changing`)
      }
    }
  }

  /** False when somebody changed the export meanwhile. */
  async #clearedConditions({ namespace = '', name = '' }: KubeObject['metadata']): Promise<boolean> {
    const found = await this.#client.get<ServiceExport>(Resource.serviceExport, { namespace, name })
    const conditions = found?.status?.conditions ?? []
    const others = conditions.filter(({ type }) => !OUR_CONDITIONS.has(type))
    if (found === undefined || others.length === conditions.length) return true
    try {
      await this.#client.update(
        Resource.serviceExport,
        { ...found, status: { conditions: others } },
        'status',
      )
      return true
    } catch (error) {
      if (isConflict(error)) return false
      throw error
    }
  }

  async #deleteInstalled(objects: readonly KubeObject[]): Promise<void> {
    for (const name of Object.values(ClusterPropertyName))
      await this.#delete(Resource.clusterProperty, { name })
    await this.#deleteObjects(objects)
  }

  async #deleteObjects(objects: readonly KubeObject[]): Promise<void> {
    const discovery = new Discovery(this.#client)
    // Backwards, so that the namespace, which holds most of them, is the last to go.
    for (const object of objects.toReversed()) {
      const type = await discovery.typeOf(object)
      if (object.kind === Resource.namespace.kind) await this.#deleteNamespace(object)
      else await this.#delete(type, object.metadata)
    }
  }

  async #deleteNamespace({ metadata: { name = '' } }: KubeObject): Promise<void> {
    await this.#delete(Resource.namespace, { name })
    await waitFor(`the end of namespace ${name}`, this.#timeout(), async () =>
      (await this.#client.get(Resource.namespace, { name })) === undefined ? true : undefined,
    )
  }

  async #delete(
    type: ResourceType,
    { namespace, name = '' }: KubeObject['metadata'],
    propagation: 'Background' | 'Foreground' = 'Background',
  ): Promise<void> {
    const ref = namespace === undefined ? { name } : { namespace, name }
    try {
      const remove = () => this.#client.delete(type, ref, { propagation })
      const existed = await pastPolicies(remove, this.#timeout())
      if (existed) this.#deleted.push(describeObject({ kind: type.kind, metadata: ref }))
    } catch (error) {
      if (!isUnknownApi(error)) throw error
    }
  }

  async #list<T extends KubeObject>(type: ResourceType, options: ListOptions<T> = {}): Promise<readonly T[]> {
    try {
      const { namespace } = this.#options
      return (await this.#client.list<T>(type, { namespace, ...options })).items
    } catch (error) {
      if (isUnknownApi(error)) return []
      throw error
    }
  }

  #timeout(): number {
    return this.#options.timeoutMs ?? WAIT_MS
  }
}

const PART_OF = 'app.kubernetes.io/part-of=fairlead'
const OUR_CONDITIONS: ReadonlySet<string> = new Set(Object.values(ExportCondition))

/** Written by one of our controllers. */
export function isOurs({ metadata: { managedFields = [] } }: KubeObject): boolean {
  return managedFields.some((entry) => (entry as { manager?: string }).manager?.startsWith('fairlead-'))
}
