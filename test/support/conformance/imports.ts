/** Conformance: what an export makes of a Service in every cluster, and when it is gone. */
import { isIP } from 'node:net'
import { expect } from '@jest/globals'
import type { ImportPort } from '../../../src/api/mcs.ts'
import type { Service } from '../../../src/api/objects.ts'
import { EXPORT_METADATA, helloService, SERVICE_METADATA, TCP_PORT, UDP_PORT } from './objects.ts'
import { type Check, CLUSTERS, type Scene } from './scene.ts'

/** Ports in an order that the standard does not prescribe. */
export const byName = (ports: readonly ImportPort[] = []): ImportPort[] =>
  ports.toSorted((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1))

export function checkImports(check: Check): void {
  check(
    '[Required] ServiceImport: it is there as long as one cluster exports, and no longer',
    async (scene) => {
      await exportOne(scene)
      const uids = await Promise.all(
        CLUSTERS.map(async (cluster) => (await scene.imported(cluster)).metadata.uid),
      )
      const still = async (...exporters: string[]) => {
        for (const [index, cluster] of CLUSTERS.entries()) {
          const found = await scene.imported(cluster, ({ status }) =>
            expect(status?.clusters?.map((each) => each.cluster)).toEqual(exporters),
          )
          expect(found.metadata.uid).toBe(uids[index]) // one that goes and comes back is another object
        }
      }
      await scene.serve('west')
      await scene.export('west')
      await still('east', 'west')
      await scene.unexport('east')
      await still('west')
      await scene.unexport('west')
      for (const cluster of CLUSTERS) await scene.importGone(cluster)
    },
  )

  checkType(check, 'ClusterIP', 'ClusterSetIP', {})
  checkType(check, 'Headless', 'Headless', { clusterIP: 'None' })

  check('[Required] ClusterIP: the import has the session affinity of the Service', async (scene) => {
    await exportOne(scene)
    const { sessionAffinity, sessionAffinityConfig } = helloService().spec ?? {}
    await scene.imported('east', ({ spec }) =>
      expect(spec).toMatchObject({ sessionAffinity, sessionAffinityConfig }),
    )
  })

  check('[Required] ClusterIP: the import has the internal traffic policy of the Service', async (scene) => {
    await exportOne(scene, { internalTrafficPolicy: 'Cluster' })
    await scene.imported('east', ({ spec }) => expect(spec?.internalTrafficPolicy).toBe('Cluster'))
  })

  check('[Required] ClusterIP: the import has the traffic distribution of the Service', async (scene) => {
    await exportOne(scene, { trafficDistribution: 'PreferClose' })
    await scene.imported('east', ({ spec }) => expect(spec?.trafficDistribution).toBe('PreferClose'))
  })

  check('[Required] ClusterIP: the import has an address of each of its families', async (scene) => {
    await exportOne(scene)
    for (const cluster of CLUSTERS) {
      const { spec } = await scene.imported(cluster, (found) =>
        expect(found.spec?.ips?.length).toBeGreaterThan(0),
      )
      const families = (spec?.ips ?? []).map((ip) => `IPv${isIP(ip)}`)
      expect(families.length).toBeGreaterThan(0)
      expect(families).toEqual(spec?.ipFamilies)
    }
  })

  check('[Required] ClusterIP: the import has the ports of the Service', async (scene) => {
    await exportOne(scene)
    await scene.imported('east', ({ spec }) => expect(byName(spec?.ports)).toEqual([TCP_PORT, UDP_PORT]))
  })

  check('[Required] Headless: the import gets no address', async (scene) => {
    await exportOne(scene, { clusterIP: 'None' })
    for (const cluster of CLUSTERS) await scene.imported(cluster)
    await scene.settled()
    for (const cluster of CLUSTERS) expect((await scene.imported(cluster)).spec?.ips ?? []).toEqual([])
  })

  check('[Required] ExternalName: the export is not valid, and nothing is imported', async (scene) => {
    await exportOne(scene, { type: 'ExternalName', externalName: 'example.com' })
    await scene.condition('east', 'Valid', 'False')
    await scene.settled()
    for (const cluster of CLUSTERS) expect(await scene.currentImport(cluster)).toBeUndefined()
  })

  check(
    '[Optional] ExportedLabels: what the export names reaches the import, nothing else',
    async (scene) => {
      await scene.serve('east')
      const chosen = { 'conformance.example/chosen': 'yes' }
      await scene.export('east', { exportedLabels: chosen, exportedAnnotations: chosen })
      for (const cluster of CLUSTERS) {
        const { metadata } = await scene.imported(cluster)
        for (const map of [metadata.labels, metadata.annotations]) {
          expect(map).toMatchObject(chosen)
          for (const key of Object.keys({ ...SERVICE_METADATA, ...EXPORT_METADATA }))
            expect(map).not.toHaveProperty([key])
        }
      }
    },
  )
}

/** Service hello in east, and its export. */
async function exportOne(scene: Scene, spec?: Service['spec']): Promise<void> {
  await scene.serve('east', spec)
  await scene.export('east')
}

function checkType(check: Check, kind: string, type: string, spec: Service['spec']): void {
  check(
    `[Required] ${kind}: the import is ${type} in every cluster, and goes with the export`,
    async (scene) => {
      await exportOne(scene, spec)
      await scene.condition('east', 'Valid', 'True')
      for (const cluster of CLUSTERS) expect((await scene.imported(cluster)).spec?.type).toBe(type)
      await scene.unexport('east')
      for (const cluster of CLUSTERS) await scene.importGone(cluster)
    },
  )
}
