/** The ways a link of two clusters can go, each with the same traffic: a page, a hashed transfer, a question by UDP. */
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { SYSTEM_NAMESPACE } from '../../src/api/names.ts'
import { type Clusters, curlEventually, peerConfig, rolledOut, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab } from '../support/missing.ts'
import { applyAll, peerDeployment, peerService, serviceExport } from '../support/peer-objects.ts'
import { ROOT } from '../support/source-tree.ts'

const BYTES = 4 << 20
const PATIENT = { within: 60_000 }
const host = (service: string) => `${service}.demo.svc.clusterset.local`
const support = (script: string) => join(ROOT, 'test/support', script)

/** Peers have a volume of scripts; this one is not needed. */
const EMPTY = { name: 'peer', emptyDir: {} }

/** An HTTP proxy that knows CONNECT only, and prints what it is asked for. */
const PROXY = `
const { connect } = require('node:net')
const server = require('node:http').createServer()
server.on('connect', (request, near) => {
  console.log(request.url)
  const [host, port] = request.url.split(':')
  const far = connect({ host, port, allowHalfOpen: true }, () => {
    near.write('HTTP/1.1 200 Connection established\\r\\n\\r\\n')
    near.pipe(far).pipe(near)
  })
  near.on('error', () => far.destroy()).on('close', () => far.destroy())
  far.on('error', () => near.destroy()).on('close', () => near.destroy())
})
server.listen(3128, process.env.POD_IP)
`

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

  test('an HTTP proxy that is asked with CONNECT', async () => {
    const west = async (...args: string[]) => (await clusters.kubectl('west', args)).stdout
    const container = { command: ['node', '-e', PROXY] }
    await applyAll(
      clusters,
      'west',
      peerDeployment({ name: 'proxy', script: '', port: 3128, container, spec: { volumes: [EMPTY] } }),
    )
    await rolledOut(clusters, 'west', 'proxy')
    const address = await west(
      ...['get', 'pod', '-n', 'demo', '-l', 'app=proxy', '-o', 'jsonpath={.items[0].status.podIP}'],
    )
    const patch = JSON.stringify({ spec: { httpProxy: { host: address, port: 3128 } } })
    await west('patch', 'links.fairlead.dev', 'east', '-n', SYSTEM_NAMESPACE, '--type=merge', '-p', patch)
    const log = () => west('logs', '-n', 'demo', 'deployment/proxy')
    await eventually(async () => expect(await log()).toContain('172.31.0.10:'), PATIENT)
    await carriesTraffic()
  }, 180_000)
})
