/**
 * The objects that make up fairlead in one cluster: the manifests, and who the cluster is.
 */
import { join } from 'node:path'
import { GLOBAL_NETWORK, type GlobalNetwork } from '../../api/globalnet.ts'
import type { ClusterProperty } from '../../api/mcs.ts'
import { ClusterPropertyName } from '../../api/names.ts'
import type { KubeObject } from '../../api/objects.ts'
import { apiVersion, Resource } from '../../api/resources.ts'
import { addKustomization, buildKustomization } from './kustomize.ts'
import type { WantedMembership } from './membership.ts'
import { packagePath } from './package-root.ts'
import { type Json, strategicMerge } from './strategic-merge.ts'

/** The kustomizations under manifests/. */
export const OVERLAYS = ['base', 'loadbalancer', 'nodeport', 'kind', 'lab', 'globalnet'] as const
export type Overlay = (typeof OVERLAYS)[number]

/** Which cluster of which clusterset. */
export interface Membership {
  readonly clusterId: string
  readonly clusterset: string
}

/** The objects of an overlay, or of the admission policies, which stand beside any of them. */
export async function manifestObjects(overlay: Overlay | 'admission'): Promise<KubeObject[]> {
  const folder = packagePath('manifests')
  return await buildKustomization(
    overlay === 'base' ? join(folder, 'base') : join(folder, 'overlays', overlay),
  )
}

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

/** The two ClusterProperties of a member (KEP-2149), as far as they are known. */
export function membershipProperties({ clusterId, clusterset }: WantedMembership): ClusterProperty[] {
  const property = (name: string, value: string | undefined): ClusterProperty[] =>
    value === undefined
      ? []
      : [
          {
            apiVersion: apiVersion(Resource.clusterProperty),
            kind: Resource.clusterProperty.kind,
            metadata: { name },
            spec: { value },
          },
        ]
  return [
    ...property(ClusterPropertyName.clusterId, clusterId),
    ...property(ClusterPropertyName.clusterset, clusterset),
  ]
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
