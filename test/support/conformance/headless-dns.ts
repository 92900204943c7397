/**
 * Conformance: names of a headless Service, by their IPv4 addresses. In another cluster each pod has an address of that
 * cluster's own.
 */
import { expect } from '@jest/globals'
import type { Endpoint, EndpointSlice, IPFamily } from '../../../src/api/objects.ts'
import { addresses, type ServiceAnswer, services } from './dns.ts'
import { publishedSlices } from './endpoint-slices.ts'
import { HELLO, HELLO_PORT, helloDeployment, helloService, helloStatefulSet } from './objects.ts'
import { type Check, CLUSTERS, type ClusterName, type Scene } from './scene.ts'

const PODS = 2

export function checkHeadlessDns(check: Check): void {
  check(
    '[Optional] Headless DNS: the name of the clusterset has an address for each ready pod',
    async (scene) => {
      await exportHeadless(scene, helloDeployment('east', PODS))
      const pods = await podAddresses(scene)
      await scene.eventually(async () => expect(await addresses(scene, 'east', scene.host)).toEqual(pods))
      const there = (await importedPods(scene, 'west')).flatMap((endpoint) => endpoint.addresses)
      await scene.eventually(async () =>
        expect(await addresses(scene, 'west', scene.host)).toEqual(there.toSorted()),
      )
      // Behind each of them is one pod, another for each.
      await scene.eventually(async () => {
        const answers = await Promise.all(
          there.map((address) => scene.shell('west', `echo hi | nc -w 5 ${address} ${HELLO_PORT}`)),
        )
        expect(answers.toSorted()).toEqual(pods.map((address) => `pod ip ${address} of east\n`))
      })
    },
  )

  check('[Optional] Headless DNS: each pod of a StatefulSet has a name with its cluster', async (scene) => {
    await exportHeadless(scene, helloStatefulSet('east', PODS))
    for (const cluster of CLUSTERS) {
      for (const { hostname, addresses: own } of await importedPods(scene, cluster)) {
        expect(hostname).toMatch(/^hello-set-\d$/)
        const name = `${hostname}.east.${scene.host}`
        await scene.eventually(async () => expect(await addresses(scene, cluster, name)).toEqual(own))
      }
    }
  })

  check(
    '[Optional] Headless DNS: SRV of the name of the clusterset has a record for each pod',
    async (scene) => {
      await exportHeadless(scene, helloDeployment('east', PODS))
      const [names, names6] = [await podAddresses(scene), await podAddresses(scene, 'IPv6')]
      // Its own cluster names each address, as slices have it; elsewhere a pod has one name, of the Service's first family.
      const expected = { east: [...names, ...names6], west: names }
      for (const cluster of CLUSTERS)
        await scene.eventually(async () => {
          const found = await services(scene, cluster, scene.host)
          expect(found.toSorted(byTarget)).toEqual(
            expected[cluster].map((address) => ({
              port: HELLO_PORT,
              target: `${address.replace(/[.:]/g, '-')}.east.${scene.host}`,
            })),
          )
        })
    },
  )
}

async function exportHeadless(scene: Scene, workload: object): Promise<void> {
  await scene.create('east', workload, helloService({ clusterIP: 'None' }))
  await scene.export('east')
}

function byTarget(a: ServiceAnswer, b: ServiceAnswer): number {
  return a.target < b.target ? -1 : 1
}

/** The addresses of all pods of hello in east once they are ready, sorted. */
function podAddresses(scene: Scene, family: IPFamily = 'IPv4'): Promise<string[]> {
  return scene.eventually(async () => {
    const slices = await scene.list<EndpointSlice>(
      'east',
      'endpointslices',
      `kubernetes.io/service-name=${HELLO}`,
    )
    return ready(slices.filter(isOf(family)).flatMap(({ endpoints }) => endpoints ?? []))
      .flatMap((endpoint) => endpoint.addresses)
      .toSorted()
  })
}

function isOf(family: IPFamily) {
  return ({ addressType }: { readonly addressType?: string | undefined }) => addressType === family
}

/** The endpoints of the import, all in one slice, once there are as many as pods and ready. */
function importedPods(scene: Scene, cluster: ClusterName): Promise<Endpoint[]> {
  return scene.eventually(async () => {
    const slices = (await publishedSlices(scene, cluster)).filter(isOf('IPv4'))
    expect(slices).toHaveLength(1)
    return ready(slices.flatMap(({ endpoints }) => endpoints))
  })
}

function ready(endpoints: Endpoint[]): Endpoint[] {
  expect(endpoints).toHaveLength(PODS)
  for (const { conditions } of endpoints) expect(conditions?.ready ?? true).toBe(true)
  return endpoints
}
