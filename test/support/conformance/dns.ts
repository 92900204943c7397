/** Conformance: names of a ClusterIP Service, asked by nslookup in client pods. */
import { isIP } from 'node:net'
import { expect } from '@jest/globals'
import type { Service } from '../../../src/api/objects.ts'
import { HELLO, HELLO_PORT } from './objects.ts'
import { type Check, CLUSTERS, type ClusterName, type Scene } from './scene.ts'

export interface ServiceAnswer {
  readonly port: number
  readonly target: string
}

export function checkDns(check: Check): void {
  check('[Optional] DNS: the name of the clusterset has the addresses of the import', async (scene) => {
    await exportHello(scene)
    for (const cluster of CLUSTERS) {
      const { spec } = await scene.imported(cluster, (found) =>
        expect(found.spec?.ips?.length).toBeGreaterThan(0),
      )
      for (const family of spec?.ipFamilies ?? []) {
        const ips = (spec?.ips ?? []).filter((ip) => `IPv${isIP(ip)}` === family)
        await scene.eventually(async () =>
          expect(await addresses(scene, cluster, scene.host, family)).toEqual(ips.toSorted()),
        )
      }
    }
  })

  check(
    '[Optional] DNS: SRV of the name of the clusterset has port and name of the Service',
    async (scene) => {
      await exportHello(scene)
      for (const cluster of CLUSTERS)
        await scene.eventually(async () =>
          expect(await services(scene, cluster, scene.host)).toEqual([
            { port: HELLO_PORT, target: scene.host },
          ]),
        )
    },
  )

  check('[Optional] DNS: the name of the cluster has the local Service only', async (scene) => {
    await exportHello(scene)
    const name = `${HELLO}.${scene.namespace}.svc.cluster.local`
    const local = (await scene.find<Service>('east', 'service'))?.spec?.clusterIP ?? ''
    await scene.eventually(async () => expect(await addresses(scene, 'east', name)).toEqual([local]))
    // West imports it, and has no Service of that name.
    await scene.imported('west')
    expect(await scene.shell('west', `nslookup -type=A ${name}.`)).toContain('NXDOMAIN')
  })
}

async function exportHello(scene: Scene): Promise<void> {
  await scene.serve('east')
  await scene.export('east')
}

/** The addresses of a name, sorted. */
export async function addresses(
  scene: Scene,
  cluster: ClusterName,
  name: string,
  family = 'IPv4',
): Promise<string[]> {
  const type = family === 'IPv6' ? 'AAAA' : 'A'
  const shown = await scene.shell(cluster, `nslookup -type=${type} ${name}.`)
  return [...shown.matchAll(/^Name:.*\nAddress: (.*)$/gm)].map(([, address = '']) => address).toSorted()
}

/** What SRV of a name says. */
export async function services(scene: Scene, cluster: ClusterName, name: string): Promise<ServiceAnswer[]> {
  const shown = await scene.shell(cluster, `nslookup -type=SRV ${name}.`)
  return [...shown.matchAll(/service = \d+ \d+ (\d+) (\S+?)\.?$/gm)].map(([, port, target = '']) => ({
    port: Number(port),
    target,
  }))
}
