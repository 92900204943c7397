/** Imports with two families on a real API server that has two: what is asked of it is what it gives. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Label, SYSTEM_NAMESPACE } from '../../src/api/names.ts'
import type { EndpointSlice, IPFamily } from '../../src/api/objects.ts'
import { Resource } from '../../src/api/resources.ts'
import { eventually } from '../support/eventually.ts'
import { ExporterCluster } from '../support/exporter-cluster.ts'
import { origin, record } from '../support/exporter-objects.ts'
import { MemoryDirectory } from '../support/memory-directory.ts'
import { describeWithRealApi, installCrds, type RealApi, startRealApi } from '../support/real-api.ts'

const TIMEOUT = 180_000

describeWithRealApi('dual stack on a real API server', ['kubectl'], () => {
  let api: RealApi
  let west: ExporterCluster<{ client: RealApi['client'] } & Parameters<typeof ExporterCluster.on>[0]>
  const routers = new MemoryDirectory()
  let sequence = 1

  beforeAll(async () => {
    api = await startRealApi()
    await installCrds(api)
    const { client } = api
    const namespace = async (name: string) => {
      await client.create(Resource.namespace, { metadata: { name } })
    }
    const target = { client, namespace, [Symbol.asyncDispose]: async () => {} }
    west = await ExporterCluster.on(target, 'west', routers.connect())
    await putSlice('fairlead-router', SYSTEM_NAMESPACE, 'fd00::5')
    await west.stopController()
    await west.startController()
  }, TIMEOUT)
  afterAll(async () => {
    await west?.[Symbol.asyncDispose]()
    await api?.stop()
  }, TIMEOUT)

  async function putSlice(service: string, namespace: string, address: string): Promise<void> {
    await api.client.create<EndpointSlice>(Resource.endpointSlice, {
      metadata: { name: `${service}-6`, namespace, labels: { [Label.kubeServiceName]: service } },
      addressType: 'IPv6',
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
      ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
    })
  }

  /** East exports web with these families from now on. */
  function east(ipFamilies: readonly IPFamily[]): void {
    sequence += 1
    routers.take({ ...origin('east', [record({ ipFamilies })]), sequence })
  }

  async function seen() {
    const { import: found, service, slices } = await west.importSet('web')
    const carrying = slices.filter(({ metadata }) => metadata.labels?.[Label.kubeServiceName] !== undefined)
    return {
      families: found?.spec?.ipFamilies,
      ips: found?.spec?.ips,
      clusterIPs: service?.spec?.clusterIPs,
      carrying: carrying
        .map(
          ({ metadata, endpoints }) =>
            `${metadata.labels?.[Label.sourceCluster]} ${endpoints.map(({ addresses }) => addresses[0])}`,
        )
        .sort(),
    }
  }

  const REMOTE = { v4: 'east 10.244.0.5', v6: 'east fd00::5' }

  test(
    'an import has the families of its exports, keeps its addresses, and gets another without losing one',
    async () => {
      east(['IPv6'])
      await eventually(async () =>
        expect(await seen()).toMatchObject({ families: ['IPv6'], carrying: [REMOTE.v6] }),
      )
      const [first] = (await seen()).ips ?? []
      expect(first).toMatch(/^fd00:96::/)

      east(['IPv4', 'IPv6'])
      await eventually(async () =>
        expect(await seen()).toMatchObject({ families: ['IPv6', 'IPv4'], carrying: [REMOTE.v4, REMOTE.v6] }),
      )
      const both = await seen()
      expect(both.ips?.[0]).toBe(first)
      expect(both.ips?.[1]).toMatch(/^10\.96\./)
      expect(both.clusterIPs).toEqual(both.ips)

      east(['IPv6'])
      await west.whenQuiet()
      expect((await seen()).ips).toEqual(both.ips)
    },
    TIMEOUT,
  )

  test(
    'a derived Service that is deleted comes back under both addresses, and a controller that starts writes nothing',
    async () => {
      const { ips } = await seen()
      const { service } = await west.importSet('web')
      const name = service?.metadata.name ?? ''
      await api.client.delete(Resource.service, { namespace: 'demo', name })
      await eventually(async () => {
        const again = await west.importSet('web')
        expect(again.service?.metadata.uid).not.toBe(service?.metadata.uid)
        expect(again.service?.spec?.clusterIPs).toEqual(ips)
      })
      await west.whenQuiet()
      await west.stopController()
      west.writes.length = 0
      await west.startController()
      await west.whenQuiet()
      expect(west.writes).toEqual([])
    },
    TIMEOUT,
  )

  test(
    'a remote endpoint of a headless import has an address of each family',
    async () => {
      const headless = record({
        name: 'pods',
        type: 'Headless',
        ipFamilies: ['IPv4', 'IPv6'],
        endpoints: [{ id: 'pods-0' }],
      })
      routers.take(origin('north', [headless]))
      const addresses = async () =>
        (await west.importSet('pods')).slices
          .flatMap(({ endpoints }) => endpoints)
          .map(({ hostname, addresses: [address = ''] }) => `${hostname} ${address.split(/[.:]/)[0]}`)
          .sort()
      await eventually(async () => expect(await addresses()).toEqual(['pods-0 10', 'pods-0 fd00']))
      await west.whenReady('pods')
      await west.whenQuiet()
    },
    TIMEOUT,
  )

  test(
    'local pods are mirrored in both families',
    async () => {
      const ports = [{ name: 'http', protocol: 'TCP' as const, port: 80, targetPort: 8080 }]
      await west.createService('web', ports, { ipFamilyPolicy: 'RequireDualStack' })
      await west.setEndpoints('web', ['10.244.0.9'], 8080)
      await putSlice('web', 'demo', 'fd00::9')
      await west.createExport('web')
      await eventually(async () =>
        expect(await seen()).toMatchObject({ carrying: ['west 10.244.0.9', 'west fd00::9'] }),
      )
    },
    TIMEOUT,
  )
})
