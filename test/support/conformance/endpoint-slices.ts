/** Conformance: the EndpointSlices of an import. */
import { expect } from '@jest/globals'
import type { EndpointSlice } from '../../../src/api/objects.ts'
import { HELLO } from './objects.ts'
import { type Check, CLUSTERS, type ClusterName, type Scene } from './scene.ts'

const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'

export function checkEndpointSlices(check: Check): void {
  check(
    '[Optional] EndpointSlice: every cluster has them, labelled, and they go with the export',
    async (scene) => {
      await scene.serve('east')
      await scene.export('east')
      const names = new Map<ClusterName, string[]>()
      for (const cluster of CLUSTERS) {
        const found = await publishedSlices(scene, cluster)
        names.set(
          cluster,
          found.map(({ metadata }) => metadata.name ?? ''),
        )
        for (const { metadata } of found) {
          expect(metadata.labels).toMatchObject({
            'multicluster.kubernetes.io/service-name': HELLO,
            'multicluster.kubernetes.io/source-cluster': 'east',
            [MANAGED_BY]: expect.any(String),
          })
          expect(metadata.labels?.[MANAGED_BY]).not.toBe('endpointslice-controller.k8s.io')
        }
      }
      await scene.unexport('east')
      for (const cluster of CLUSTERS)
        for (const name of names.get(cluster) ?? [])
          await scene.eventually(async () => (await scene.find(cluster, 'endpointslice', name)) === undefined)
    },
  )

  check('[KEP-1645] EndpointSlice: every import says that it has EndpointSlices', async (scene) => {
    await scene.serve('east')
    await scene.export('east')
    for (const cluster of CLUSTERS) {
      await publishedSlices(scene, cluster)
      await scene.imported(cluster, ({ status }) => expect(status?.endpointSliceObjects).toBe('Present'))
    }
  })
}

/** The slices of the import that have endpoints, once there are some of each family of the import. */
export function publishedSlices(scene: Scene, cluster: ClusterName): Promise<EndpointSlice[]> {
  return scene.eventually(async () => {
    const { ipFamilies = [] } = (await scene.currentImport(cluster))?.spec ?? {}
    expect(ipFamilies).not.toEqual([])
    const slices = await scene.importedSlices(cluster)
    const published = slices.filter(({ endpoints }) => (endpoints ?? []).length > 0)
    expect(new Set(published.map(({ addressType }) => addressType))).toEqual(new Set(ipFamilies))
    return published
  })
}
