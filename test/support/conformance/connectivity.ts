/** Conformance: who answers under the name of the clusterset, and who does not, asked by nc in client pods. */
import { expect } from '@jest/globals'
import type { Pod } from '../../../src/api/objects.ts'
import { HELLO, HELLO_PORT, TCP_PORT } from './objects.ts'
import { type Check, CLUSTERS, type ClusterName, type Scene } from './scene.ts'

/** A port that no pod of hello listens on: its Service maps it to the one they do. */
const OTHER_PORT = 4242

/** How often a Service that is not exported is tried, in each cluster. */
const TRIES = 20

/** Client pods that ask at once, each with an address of its own, so that session affinity hides nothing. */
const CLIENTS = 3

/** How often each of them asks. */
const TIMES = 4

export function checkConnectivity(check: Check): void {
  check('[Required] Connectivity: a Service that is not exported cannot be reached', async (scene) => {
    await scene.serve('east')
    const local = `${HELLO}.${scene.namespace}.svc.cluster.local`
    await scene.eventually(async () =>
      expect(await ask(scene, 'east', HELLO_PORT, local)).toContain('pod ip'),
    )
    await scene.settled()
    const all = repeated(TRIES, request(scene.host, HELLO_PORT))
    for (const cluster of CLUSTERS) expect(await scene.shell(cluster, all)).not.toContain('pod ip')
  })

  check(
    '[Optional] Connectivity: an exported ClusterIP Service is reached by name, from every cluster',
    async (scene) => {
      await scene.serve('east')
      await scene.export('east')
      for (const cluster of CLUSTERS) {
        await scene.eventually(async () => expect(await ask(scene, cluster, HELLO_PORT)).toContain('pod ip'))
        await scene.eventually(async () =>
          expect(await scene.shell(cluster, request(scene.host, HELLO_PORT, '-u -W 1'))).toContain('pod ip'),
        )
      }
    },
  )

  check('[Optional] Connectivity: only the cluster that exports is reached', async (scene) => {
    await scene.serve('east')
    await scene.serve('west')
    await scene.export('east')
    await alwaysAnswers(scene, HELLO_PORT, 'east')
  })

  check('[Optional] StrictPortConflict: a port that lost a conflict is not routed to', async (scene) => {
    await exportBoth(scene, 'tcp')
    await alwaysAnswers(scene, HELLO_PORT, 'east')
  })

  check('[Optional] StrictPortConflict: each port is routed to the cluster that has it', async (scene) => {
    await exportBoth(scene, 'tcp2')
    await alwaysAnswers(scene, HELLO_PORT, 'east')
    await alwaysAnswers(scene, OTHER_PORT, 'west')
  })
}

/** Exports hello from east as it is, then from west with one port, called `name`. */
async function exportBoth(scene: Scene, name: string): Promise<void> {
  await scene.serve('east')
  await scene.export('east')
  await scene.eastIsOlder()
  await scene.serve('west', { ports: [{ ...TCP_PORT, name, port: OTHER_PORT, targetPort: HELLO_PORT }] })
  await scene.export('west')
  for (const cluster of CLUSTERS) await scene.condition(cluster, 'Conflict', 'True')
}

/** Once one client of a cluster is answered by the pod of `server`, all others there are, too. */
async function alwaysAnswers(scene: Scene, port: number, server: ClusterName): Promise<void> {
  const expected = `pod ip ${await podAddress(scene, server)} of ${server}\n`
  for (const cluster of CLUSTERS) {
    await scene.eventually(async () => expect(await ask(scene, cluster, port)).toBe(expected))
    const all = repeated(TIMES, request(scene.host, port))
    const answers = await Promise.all(Array.from({ length: CLIENTS }, () => scene.shell(cluster, all)))
    expect(new Set(answers)).toEqual(new Set([expected.repeat(TIMES)]))
  }
}

function podAddress(scene: Scene, cluster: ClusterName): Promise<string> {
  return scene.eventually(async () => {
    const [pod] = await scene.list<Pod>(cluster, 'pods', `app=${HELLO}`)
    const address = pod?.status?.podIP
    if (address === undefined) throw new Error(`the pod in ${cluster} has no address`)
    return address
  })
}

function ask(scene: Scene, cluster: ClusterName, port: number, host = scene.host): Promise<string> {
  return scene.shell(cluster, request(host, port))
}

function request(host: string, port: number, flags = ''): string {
  return `echo hi | nc ${flags} -w 5 ${host} ${port}`
}

function repeated(times: number, command: string): string {
  return `for n in $(seq ${times}); do ${command}; done`
}
