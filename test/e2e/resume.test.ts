/** Flows outlive their link: reset, silent, again and again; and what cannot be resumed ends with a reset. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Clusters, curl, curlEventually, peerConfig, rolledOut, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { LineProcess } from '../support/line-process.ts'
import { describeInLab } from '../support/missing.ts'
import {
  applyAll,
  peerDeployment,
  peerService,
  serviceExport,
  trafficPolicy,
} from '../support/peer-objects.ts'
import { routerMetrics } from '../support/process-metrics.ts'
import { ROOT } from '../support/source-tree.ts'

const GIB = 1024 ** 3
/** So slow that ten faults and a long one fall into a transfer, bytes a second. */
const RATE = 48 * 1024 ** 2
const KILLS = 10
const CONVERSATIONS = 100
/** Links that come back, a cut of ten seconds, and a transfer that goes on afterwards. Milliseconds. */
const TRANSFER_TIME = 180_000

const host = (service: string) => `${service}.demo.svc.clusterset.local`
const peer = join(ROOT, 'test/support/resume-peer.mjs')
const PORTS = [7200, 7201, 7202, 7203, 7204].map((port) => ({ port }))

describeInLab([], 'flows outlive faults', () => {
  let clusters: Clusters
  const running: LineProcess[] = []
  const start = (...args: (string | number)[]) => {
    const child = clusters.startExec('west', ['node', peer, ...args.map(String)])
    const process = new LineProcess(child)
    running.push(process)
    return process
  }

  /** How connections that were held ended at the server, as seen from its own cluster. */
  const ends = async (service: string) =>
    JSON.parse(await curl(clusters, 'east', `http://${host(service)}:7200/`)) as string[]

  beforeAll(async () => {
    clusters = await upLab()
    await clusters.kubectl('east', ['create', 'namespace', 'demo'])
    await clusters.kubectl('west', ['create', 'namespace', 'demo'])
    await peerConfig(clusters, 'east', 'resume-peer.mjs', 'pattern.mjs')
    await applyAll(
      clusters,
      'east',
      peerDeployment({ name: 'resume', script: 'resume-peer.mjs', port: 7200 }),
      ...['resume', 'brief'].flatMap((name) => [peerService(name, 'resume', PORTS), serviceExport(name)]),
    )
    await rolledOut(clusters, 'east', 'resume')
    for (const name of ['resume', 'brief'])
      await curlEventually(clusters, 'west', `http://${host(name)}:7200/`)
  }, 180_000)
  afterAll(async () => {
    for (const process of running) process.kill()
    await clusters?.down()
  }, 60_000)

  test(
    `1 GiB each way and ${CONVERSATIONS} conversations survive ${KILLS} resets of the link and ten silent seconds, byte for byte`,
    async () => {
      const talk = start('talk', host('resume'), CONVERSATIONS)
      const transfers = ['download', 'upload'].map((verb) => start(verb, host('resume'), GIB, RATE))
      const reached = async (part: number) => {
        const bytes = part * GIB
        const there = (told: object) => Number((told as { bytes?: number }).bytes) >= bytes
        await Promise.all(transfers.map((transfer) => transfer.says(there, TRANSFER_TIME)))
      }
      for (let kill = 1; kill <= KILLS; kill++) {
        await reached(kill / (KILLS + 4))
        await clusters.reset('east')
      }
      await reached((KILLS + 1) / (KILLS + 4))
      await clusters.cut('east', 'west')
      await new Promise((resolve) => setTimeout(resolve, 10_000)) // the cut itself: nothing happens that could be waited for
      await clusters.heal('east', 'west')
      for (const transfer of transfers) {
        const { bytes, sha256, expected } = await transfer.finish(TRANSFER_TIME)
        expect({ bytes, sha256 }).toEqual({ bytes: GIB, sha256: expected })
      }
      // Every one of them goes on, not only most.
      const { least } = await talk.ask()
      await eventually(async () => expect((await talk.ask())['least']).toBeGreaterThan(Number(least) + 10))
      const { failed, total } = await talk.finish(30_000)
      expect(failed).toEqual([])
      for (const cluster of ['east', 'west']) {
        const metrics = await routerMetrics(clusters, cluster)
        const resumed = metrics.labelled('fairlead_router_flow_resumes_total', { result: 'resumed' })
        expect(resumed).toBeGreaterThan(CONVERSATIONS * KILLS)
        expect(metrics.value('fairlead_router_flows_suspended')).toBe(0)
      }
      expect(total).toBeGreaterThan(CONVERSATIONS * KILLS)
    },
    2 * TRANSFER_TIME,
  )

  test('after a cut longer than the grace both ends are reset, and new flows work when it has healed', async () => {
    await applyAll(clusters, 'west', trafficPolicy('brief', { resumeGrace: '3s' }))
    await eventually(async () => {
      const policy = ['get', 'trafficpolicy', 'brief', '-n', 'demo', '-o', 'jsonpath={.status.conditions}']
      expect((await clusters.kubectl('west', policy)).stdout).toContain('True')
    })
    const held = start('hold', host('brief'))
    await held.says((told) => told['held'] !== undefined, 10_000)
    await clusters.cut('east', 'west')
    // While it is still cut: neither end may wait for the other.
    expect((await held.finish(20_000))['ended']).toBe('ECONNRESET')
    await eventually(async () => expect(await ends('brief')).toEqual(['ECONNRESET']), { within: 20_000 })
    await clusters.heal('east', 'west')
    await curlEventually(clusters, 'west', `http://${host('brief')}:7200/`)
  }, 90_000)

  // The kernel closes what a killed process had open, cleanly as far as it knows: that end cannot be told more.
  test('flows of a router that was killed end with a reset at the other router', async () => {
    const hold = async () => {
      const held = start('hold', host('resume'))
      await held.says((told) => told['held'] !== undefined, 10_000)
      return held
    }
    const ofClient = await hold()
    await clusters.kill('east', 'router')
    expect((await ofClient.finish(20_000))['ended']).toBe('ECONNRESET')
    await curlEventually(clusters, 'west', `http://${host('resume')}:7200/`)
    const before = (await ends('resume')).length
    const ofServer = await hold()
    await clusters.kill('west', 'router')
    await eventually(async () => expect((await ends('resume')).slice(before)).toEqual(['ECONNRESET']), {
      within: 20_000,
    })
    ofServer.kill()
    await curlEventually(clusters, 'west', `http://${host('resume')}:7200/`)
  }, 60_000)
})
