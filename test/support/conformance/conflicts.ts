/** Conformance: exports of one Service that differ. The older one wins, and each of them says that there is a conflict. */
import { expect } from '@jest/globals'
import { byName } from './imports.ts'
import { HELLO_PORT, TCP_PORT, UDP_PORT } from './objects.ts'
import { type Check, CLUSTERS, type Scene } from './scene.ts'

export function checkConflicts(check: Check): void {
  check(
    '[Required] ClusterIP: the import has the ports of all exports, and a conflict is told',
    async (scene) => {
      const more = { name: 'stcp', protocol: 'SCTP', port: 142 } as const
      await exportBoth(scene, { ports: [TCP_PORT, more] })
      for (const cluster of CLUSTERS)
        await scene.imported(cluster, ({ spec }) =>
          expect(byName(spec?.ports)).toEqual([more, TCP_PORT, UDP_PORT]),
        )
    },
  )

  check('[Required] ClusterIP: of ports that exclude each other the older one stays', async (scene) => {
    await exportBoth(scene, { ports: [{ ...TCP_PORT, port: HELLO_PORT + 1 }] })
    for (const cluster of CLUSTERS)
      await scene.imported(cluster, ({ spec }) => expect(byName(spec?.ports)).toEqual([TCP_PORT, UDP_PORT]))
  })

  check('[Required] Headless and ClusterIP under one name: the older type stays', async (scene) => {
    await exportBoth(scene, { clusterIP: 'None' })
    for (const cluster of CLUSTERS) expect((await scene.imported(cluster)).spec?.type).toBe('ClusterSetIP')
  })

  check('[Optional] ExportedLabels: of sets that differ the older one stays, whole', async (scene) => {
    const older = { 'conformance.example/older': 'yes' }
    const younger = { 'conformance.example/younger': 'yes' }
    const both = (map: Record<string, string>) => ({ exportedLabels: map, exportedAnnotations: map })
    await exportBoth(scene, {}, both(older), both(younger))
    for (const cluster of CLUSTERS)
      await scene.imported(cluster, ({ metadata }) => {
        for (const map of [metadata.labels, metadata.annotations]) {
          expect(map).toMatchObject(older)
          expect(map).not.toMatchObject(younger)
        }
      })
  })
}

/** Exports hello from east, then from west as `spec` says, and waits for the conflict on both. */
async function exportBoth(
  scene: Scene,
  spec: Parameters<Scene['serve']>[1],
  east?: Parameters<Scene['export']>[1],
  west?: Parameters<Scene['export']>[1],
): Promise<void> {
  await scene.serve('east')
  await scene.export('east', east)
  await scene.eastIsOlder()
  await scene.serve('west', spec)
  await scene.export('west', west)
  for (const cluster of CLUSTERS) await scene.condition(cluster, 'Conflict', 'True')
}
