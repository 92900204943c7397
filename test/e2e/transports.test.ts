/** The ways a link of two clusters can go, each with the same traffic: a page, a hashed transfer, a question by UDP. */
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { type Clusters, curlEventually, peerConfig, rolledOut, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab } from '../support/missing.ts'
import { applyAll, peerDeployment, peerService, serviceExport } from '../support/peer-objects.ts'
import { ROOT } from '../support/source-tree.ts'

const BYTES = 4 << 20
const PATIENT = { within: 60_000 }
const host = (service: string) => `${service}.demo.svc.clusterset.local`
const support = (script: string) => join(ROOT, 'test/support', script)

describeInLab([], 'the ways between two clusters', () => {
  let clusters: Clusters

  async function ask(script: string, ...args: (string | number)[]): Promise<Record<string, unknown>> {
    const command = ['node', support(script), ...args.map(String)]
    return JSON.parse((await clusters.exec('west', command, { timeout: 120_000 })).stdout)
  }

  async function carriesTraffic(): Promise<void> {
    await curlEventually(clusters, 'west', `http://${host('resume')}:7200/`, 60_000)
    const { bytes, sha256, expected } = await ask('resume-peer.mjs', 'download', host('resume'), BYTES, BYTES)
    expect({ bytes, sha256 }).toEqual({ bytes: BYTES, sha256: expected })
    await eventually(
      async () => expect((await ask('udp-peer.mjs', 'echo', host('udp'), '100'))['came']).toEqual([100]),
      PATIENT,
    )
  }

  beforeAll(async () => {
    clusters = await upLab()
    await clusters.kubectl('east', ['create', 'namespace', 'demo'])
    await clusters.kubectl('west', ['create', 'namespace', 'demo'])
    await peerConfig(clusters, 'east', 'resume-peer.mjs', 'udp-peer.mjs', 'pattern.mjs')
    await applyAll(
      clusters,
      'east',
      peerDeployment({ name: 'resume', script: 'resume-peer.mjs', port: 7200 }),
      peerService(
        'resume',
        'resume',
        [7200, 7201, 7202, 7203, 7204].map((port) => ({ port })),
      ),
      serviceExport('resume'),
      peerDeployment({ name: 'udp', script: 'udp-peer.mjs', port: 7300 }),
      peerService('udp', 'udp', [{ port: 7300 }, { port: 7301, protocol: 'UDP' }]),
      serviceExport('udp'),
    )
    for (const name of ['resume', 'udp']) await rolledOut(clusters, 'east', name)
  }, 180_000)
  afterEach(() => clusters.heal('east', 'west'))
  afterAll(() => clusters?.down(), 60_000)

  test('TLS from router to router', () => carriesTraffic(), 180_000)

  test('a satellite: 600 ms a round trip, 3 % of the segments lost', async () => {
    await clusters.slow('east', 'west', '--delay', '300', '--loss', '3')
    await carriesTraffic()
  }, 240_000)
})
