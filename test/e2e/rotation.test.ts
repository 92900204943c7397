/** Certificates, an authority and the root are made anew under traffic of every kind, and no client notices. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Clusters, curlEventually, peerConfig, rolledOut, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { joinByHand } from '../support/join-by-hand.ts'
import { LineProcess } from '../support/line-process.ts'
import { describeInLab } from '../support/missing.ts'
import { applyAll, peerDeployment, peerService, serviceExport } from '../support/peer-objects.ts'
import { routerMetrics } from '../support/process-metrics.ts'
import { ROOT } from '../support/source-tree.ts'

/** Seconds of traffic; FAIRLEAD_ROTATION_SECONDS=300 is the long form. */
const SECONDS = Number(process.env['FAIRLEAD_ROTATION_SECONDS'] ?? 60)
/** Seconds from one rotation to the next. */
const EVERY = 20
const ROUNDS = Math.floor(SECONDS / EVERY)
/** Bytes a second of each transfer: they last as long as the traffic does. */
const RATE = 4 * 1024 ** 2
const BYTES = RATE * (SECONDS + 10)
const CONVERSATIONS = 20
const CLIENTS = 4
/** Bound of one rotation on a busy machine, milliseconds. */
const SLOW = 180_000

const peer = (script: string) => join(ROOT, 'test/support', script)
const host = (service: string) => `${service}.demo.svc.clusterset.local`
const TCP_PORTS = [7200, 7201, 7202, 7203].map((port) => ({ port }))
const UDP_PORTS = [{ port: 7300 }, { port: 7301, protocol: 'UDP' as const }]

describeInLab([], 'rotation under traffic', () => {
  let clusters: Clusters
  const running: LineProcess[] = []
  const start = (script: string, ...args: (string | number)[]) => {
    const child = clusters.startExec('west', ['node', peer(script), ...args.map(String)])
    const process = new LineProcess(child)
    running.push(process)
    return process
  }
  const certs = (cluster: string, ...args: string[]) =>
    clusters.fairlead(['certs', ...args, '--context', cluster], { timeout: SLOW })

  beforeAll(async () => {
    clusters = await upLab(['east', 'west'], '--bare')
    const install = (cluster: string, ...flags: string[]) =>
      clusters.fairlead(['install', '--context', cluster, '--overlay', 'lab', ...flags], { timeout: SLOW })
    await Promise.all([
      install('east', '--clusterset', 'shop', '--cluster-id', 'east', '--wait'),
      install('west', '--cluster-id', 'west'),
    ])
    await joinByHand(clusters.kubeconfig, 'east', 'west')
    await clusters.fairlead(['link', '--context', 'west', '--to-context', 'east', '--wait'], {
      timeout: SLOW,
    })
    for (const cluster of ['east', 'west']) await clusters.kubectl(cluster, ['create', 'namespace', 'demo'])
    await peerConfig(clusters, 'east', 'resume-peer.mjs', 'udp-peer.mjs', 'pattern.mjs')
    await applyAll(
      clusters,
      'east',
      peerDeployment({ name: 'resume', script: 'resume-peer.mjs', port: 7200 }),
      peerService('resume', 'resume', TCP_PORTS),
      serviceExport('resume'),
      peerDeployment({ name: 'udp', script: 'udp-peer.mjs', port: 7300 }),
      peerService('udp', 'udp', UDP_PORTS),
      serviceExport('udp'),
    )
    for (const name of ['resume', 'udp']) await rolledOut(clusters, 'east', name)
    await curlEventually(clusters, 'west', `http://${host('resume')}:7200/`)
    await curlEventually(clusters, 'west', `http://${host('udp')}:7300/`)
  }, 300_000)
  afterAll(async () => {
    for (const process of running) process.kill()
    await clusters?.down()
  }, 60_000)

  test(
    `every ${EVERY} s for ${SECONDS} s: no connection fails, no flow breaks, no datagram is lost for good`,
    async () => {
      const transfers = ['download', 'upload'].map((verb) =>
        start('resume-peer.mjs', verb, host('resume'), BYTES, RATE),
      )
      const talk = start('resume-peer.mjs', 'talk', host('resume'), CONVERSATIONS)
      const knock = start('knock-peer.mjs', 'run', `http://${host('resume')}:7200/`, CLIENTS)
      const datagrams = start('udp-peer.mjs', 'steady', host('udp'))
      const began = performance.now()
      const rotated: string[] = []
      for (let round = 1; round <= ROUNDS; round++) {
        const what = kindOf(round)
        for (const cluster of what === 'root' ? ['east'] : ['east', 'west']) {
          await certs(cluster, 'rotate', `--${what}`)
          rotated.push(`${cluster} ${what}`)
        }
        const { done } = await knock.ask()
        await eventually(async () => expect((await knock.ask())['done']).toBeGreaterThan(Number(done) + 10), {
          within: 30_000,
        })
        await sleep(Math.max(0, round * EVERY * 1000 - (performance.now() - began)))
      }
      for (const transfer of transfers) {
        const { bytes, sha256, expected } = await transfer.finish(SLOW)
        expect({ bytes, sha256 }).toEqual({ bytes: BYTES, sha256: expected })
      }
      const conversations = await talk.finish(30_000)
      const connections = await knock.finish(30_000)
      const udp = await datagrams.finish(30_000)
      const figures = { rotated, conversations, connections, udp, bytesEachWay: BYTES }
      process.stderr.write(`rotation: ${JSON.stringify(figures)}\n`)
      expect(conversations['failed']).toEqual([])
      expect(connections['failed']).toEqual({})
      expect(udp).toMatchObject({ lost: 0, wrong: 0 })
      for (const cluster of ['east', 'west']) {
        const metrics = await routerMetrics(clusters, cluster)
        expect(metrics.value('fairlead_router_flows_suspended')).toBe(0)
      }
    },
    SECONDS * 1000 + 4 * SLOW,
  )

  test('afterwards there is one root, all certificates are good, and new connections are made by it', async () => {
    const roots: string[] = []
    for (const cluster of ['east', 'west']) {
      const report = JSON.parse((await certs(cluster, 'status', '-o', 'json')).stdout)
      expect(report).toMatchObject({ healthy: true, cluster })
      roots.push(report.certificates.find(({ what }: { what: string }) => what === 'root').sha256)
    }
    expect(new Set(roots).size).toBe(1)
    await clusters.reset('east')
    await curlEventually(clusters, 'west', `http://${host('resume')}:7200/`)
  }, 60_000)
})

/** Leaves mostly, and once each the authorities and the root. */
function kindOf(round: number): 'leaves' | 'authority' | 'root' {
  if (round === 2) return 'authority'
  return round === 3 ? 'root' : 'leaves'
}
