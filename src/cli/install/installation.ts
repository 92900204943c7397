/**
 * The objects that make up fairlead in one cluster: the manifests, and who the cluster is.
 */
import { join } from 'node:path'
import { GLOBAL_NETWORK, type GlobalNetwork } from '../../api/globalnet.ts'
import { SYSTEM_NAMESPACE } from '../../api/names.ts'
import type { KubeObject } from '../../api/objects.ts'
import { apiVersion, Resource } from '../../api/resources.ts'
import { inNamespace } from './in-namespace.ts'
import { addKustomization, buildKustomization } from './kustomize.ts'
import { packagePath } from './package-root.ts'
import { type Json, strategicMerge } from './strategic-merge.ts'

/** The kustomizations under manifests/. */
export const OVERLAYS = ['base', 'loadbalancer', 'nodeport', 'kind', 'lab', 'globalnet'] as const
export type Overlay = (typeof OVERLAYS)[number]

/** Overlays that change only what is in the namespace of the processes. */
export const NAMESPACED_OVERLAYS: readonly Overlay[] = ['base', 'loadbalancer', 'nodeport', 'kind']

/** The objects of an overlay, of the admission policies, which stand beside any of them, or of a member of one namespace. */
export async function manifestObjects(overlay: Overlay | 'admission' | 'namespaced'): Promise<KubeObject[]> {
  const folder = packagePath('manifests')
  return foundationsFirst(
    await buildKustomization(overlay === 'base' ? join(folder, 'base') : join(folder, 'overlays', overlay)),
  )
}

/** A member of `namespace`, with what an overlay changes. */
export async function namespacedObjects(overlay: Overlay, namespace: string): Promise<KubeObject[]> {
  // Overlays name the objects where the default install has them.
  const base = inNamespace(await manifestObjects('namespaced'), SYSTEM_NAMESPACE)
  const folder = join(packagePath('manifests'), 'overlays', overlay)
  if (overlay === 'base') return inNamespace(base, namespace)
  // Overlays change the Service of invites too; a member of one namespace invites nobody.
  const invites = (await manifestObjects('base')).filter(isJoinService)
  const changed = await addKustomization(folder, [...base, ...invites])
  return inNamespace(
    changed.filter((object) => !isJoinService(object)),
    namespace,
  )
}

function isJoinService({ kind, metadata }: KubeObject): boolean {
  return kind === Resource.service.kind && metadata.name === 'fairlead-join'
}

/** What others are in, or of, before them, as kubectl orders it: so that a list can be applied, and deleted backwards. */
function foundationsFirst(objects: readonly KubeObject[]): KubeObject[] {
  const isFoundation = ({ kind = '' }: KubeObject) => FOUNDATIONS.has(kind)
  return [...objects.filter(isFoundation), ...objects.filter((object) => !isFoundation(object))]
}

const FOUNDATIONS: ReadonlySet<string> = new Set([
  Resource.namespace.kind,
  Resource.customResourceDefinition.kind,
])

/** An overlay with what global addresses take: agents, what routers and controller need for it, a GlobalNetwork. */
export async function withGlobalnet(
  objects: readonly KubeObject[],
  spec: NonNullable<GlobalNetwork['spec']> = {},
): Promise<KubeObject[]> {
  const all = await addKustomization(join(packagePath('manifests'), 'overlays', 'globalnet'), objects)
  const network: GlobalNetwork = {
    apiVersion: apiVersion(Resource.globalNetwork),
    kind: Resource.globalNetwork.kind,
    metadata: { name: GLOBAL_NETWORK, labels: { 'app.kubernetes.io/part-of': 'fairlead' } },
    spec: { ...spec },
  }
  return [...all, network]
}

/** What is there with globalnet only. */
export async function globalnetObjects(): Promise<KubeObject[]> {
  const base = await manifestObjects('base')
  return (await withGlobalnet(base)).slice(base.length)
}

/** For networks that do not know ranges of ports (`endPort`), and would close the routers' ports. */
export function withoutNetworkPolicies(objects: readonly KubeObject[]): KubeObject[] {
  return objects.filter(({ kind }) => kind !== 'NetworkPolicy')
}

/** As many routers as somebody asked for; what the overlay says when nobody did. */
export function withRouterReplicas(
  objects: readonly KubeObject[],
  replicas: number | undefined,
): KubeObject[] {
  return objects.map((object) => {
    const isRouter = object.kind === Resource.deployment.kind && object.metadata.name === ROUTER
    if (!isRouter || replicas === undefined) return object
    return strategicMerge(object as unknown as Json, { spec: { replicas } }) as unknown as KubeObject
  })
}

/** Name of the routers' Deployment. */
export const ROUTER = 'fairlead-router'
