/** Who is reached at which global address, and as whom. */
import { expect, test } from '@jest/globals'
import { SYSTEM_NAMESPACE } from '../../../src/api/names.ts'
import type { Pod } from '../../../src/api/objects.ts'
import { rolledOut } from '../clusters.ts'
import { CLUSTERS, nodesOf, servicePorts, webServer } from '../global-objects.ts'
import { type Ask, wrongAnswers } from '../global-world.ts'
import { applyAll, peerService } from '../peer-objects.ts'
import { CASE, type GlobalScene, KB3, NEW_PORTS, otherThan, ringName } from './scene.ts'

type SceneOf = () => GlobalScene

/** Between clusters, within one, and where nobody is. */
export function reachCases(scene: SceneOf): void {
  test(
    'every pod, node and outside client reaches every service and pod of the other cluster as its own address',
    () => scene().whenAllIsWell(),
    CASE,
  )

  test('routers, and pods of the StatefulSet, are on both nodes', async () => {
    await scene().inEach(async (world, cluster) => {
      for (const labels of [
        ['-n', SYSTEM_NAMESPACE, '-l', 'app.kubernetes.io/name=fairlead-router'],
        ['-n', 'demo', '-l', 'app=ring'],
      ]) {
        const pods = await world.list<Pod & { spec: { nodeName: string } }>('pods', ...labels)
        expect(pods.map(({ spec }) => spec.nodeName).sort()).toEqual([...nodesOf(cluster)])
      }
    })
  })

  test(
    'within its own cluster a service sees the pod itself at its global address',
    () => seenWithin(scene()),
    CASE,
  )

  test(
    'an address that nobody has, and a port that is not exported, refuse at once',
    () => refused(scene()),
    CASE,
  )
}

/** What imports and DNS say. */
export function nameCases(scene: SceneOf): void {
  test(
    'an import has the GlobalIngressIP of its export in both clusters, and names lead to it',
    async () => {
      const { clusters } = scene()
      const [east, west] = await scene().addresses()
      const owned = { ...east?.ingress, ...west?.ingress }
      await scene().inEach(async (world, cluster) => {
        const dig = async (name: string) => (await clusters.exec(cluster, ['dig', '+short', name])).stdout
        for (const service of CLUSTERS.flatMap((each) => [`web-${each}`, `host-${each}`])) {
          const ips = ['get', 'serviceimports', service, '-n', 'demo', '-o', 'jsonpath={.spec.ips}']
          expect(JSON.parse(await world.kubectl(...ips))).toEqual([owned[service]])
          expect(await dig(`${service}.demo.svc.clusterset.local`)).toBe(`${owned[service]}\n`)
        }
        const other = otherThan(cluster)
        expect(await dig(ringName(1, other))).toBe(`${owned[`ring-1.ring-${other}`]}\n`)
      })
    },
    CASE,
  )
}

/** From here on the Services have NEW_PORTS. */
export function moveCases(scene: SceneOf): void {
  test(
    'other ports of the Service, and its pod on the other node, change nothing else',
    async () => {
      const { clusters } = scene()
      const owned = await scene().addresses()
      await scene().inEach(async (_, cluster) => {
        const ports = servicePorts(NEW_PORTS.tcp, NEW_PORTS.udp)
        await applyAll(clusters, cluster, peerService(`web-${cluster}`, 'web', ports))
        await applyAll(clusters, cluster, webServer(nodesOf(cluster)[1]))
        await rolledOut(clusters, cluster, 'web')
      })
      await scene().whenAllIsWell(NEW_PORTS)
      expect(await scene().addresses()).toEqual(owned)
    },
    CASE,
  )
}

async function seenWithin(scene: GlobalScene): Promise<void> {
  await scene.inEach(async (world, cluster) => {
    const pods = await world.pods()
    const { ingress } = await world.addresses()
    const names = [`web-${cluster}`, `ring-0.ring-${cluster}`, `ring-1.ring-${cluster}`]
    const asks = names.flatMap((name): Ask[] => {
      const host = ingress[name] ?? 'none'
      return [
        { host, bytes: KB3 },
        { host, bytes: KB3, protocol: 'UDP' },
      ]
    })
    const clients = ['near', 'far', 'picked', 'own'].map((name) => ({ name, sources: [pods[name] ?? ''] }))
    const answers = await world.ask(
      clients.map(({ name }) => name),
      asks,
    )
    expect(wrongAnswers(clients, asks, answers)).toEqual([])
  })
}

async function refused(scene: GlobalScene): Promise<void> {
  const [east] = await scene.addresses()
  const taken = new Set([...(east?.cluster ?? []), ...Object.values(east?.ingress ?? {})])
  const free = ['200.1', '200.2', '200.3', '200.4']
    .map((end) => `${east?.block.split('.').slice(0, 2).join('.')}.${end}`)
    .find((each) => !taken.has(each))
  const asks: Ask[] = [
    { host: String(free) },
    { host: String(east?.cluster[0]) },
    { host: '242.0.0.1', protocol: 'UDP' },
    { host: String(east?.ingress['web-east']), port: 7499 },
    { host: String(east?.ingress['ring-0.ring-east']), port: 7499, protocol: 'UDP' },
  ]
  await scene.inEach(async (world) => {
    const pods = ['near', 'far', 'host-0', 'own', 'ring-0']
    const answers = { ...(await world.ask(pods, asks)), ...(await world.askFromOutside(asks)) }
    const none = asks.map(() => [{ error: 'ECONNREFUSED' }])
    for (const [client, got] of Object.entries(answers))
      expect({ client, got }).toEqual({ client, got: none })
  })
}
