/** ServicePolicies with real pods of three clusters: who gets in, who sees an import, what ends, and what is told of it. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { ServicePolicy, ServicePolicySpec } from '../../src/api/service-policy.ts'
import {
  apply,
  type Clusters,
  curl,
  curlEventually,
  peerConfig,
  rolledOut,
  upLab,
} from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab } from '../support/missing.ts'
import { applyAll, peerDeployment, peerService, serviceExport } from '../support/peer-objects.ts'
import { routerMetrics } from '../support/process-metrics.ts'
import { ROOT } from '../support/source-tree.ts'

const HOST = 'hello.demo.svc.clusterset.local'
const URL = `http://${HOST}:8080/`
const UDP_PORT = 7301
const UDP_HOST = 'echo.demo.svc.clusterset.local'
const WITHIN = { within: 20_000 }

/** Asks for ever, and prints how each time went. */
const ASKER = `
const http = require('node:http')
const say = (what) => { console.log(what); setTimeout(ask, 200) }
const ask = () => {
  const request = http.get({ host: '${HOST}', port: 8080, agent: false, timeout: 3000 })
  request.on('response', (answer) => answer.resume().on('end', () => say('answered')))
  request.on('timeout', () => request.destroy(Object.assign(new Error(), { code: 'TIMEOUT' })))
  request.on('error', (error) => say(error.code))
}
ask()`

/** Prints how one request went. */
const ASK_ONCE = `
const request = require('node:http').get({ host: '${HOST}', port: 8080, agent: false, timeout: 3000 })
request.on('response', (answer) => answer.resume().on('end', () => console.log('answered')))
request.on('timeout', () => request.destroy(Object.assign(new Error(), { code: 'TIMEOUT' })))
request.on('error', (error) => console.log(error.code))`

/** Connects, says so, and prints how the connection ends. */
const HOLDER = `
const socket = require('node:net').connect(8080, '${HOST}')
socket.on('connect', () => socket.write('GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'))
socket.once('data', () => console.log('open'))
socket.on('error', (error) => console.log(error.code))
socket.on('close', () => process.exit())`

/** Sends a datagram every 100 ms from one port, and prints what comes back. */
const SPEAKER = `
const socket = require('node:dgram').createSocket('udp4')
socket.on('message', (message) => console.log(String(message)))
socket.on('error', () => {})
let count = 0
setInterval(() => socket.send(String(count++), ${UDP_PORT}, '${UDP_HOST}'), 100)`

/** Events of policies of the same name that are gone stay a while. */
interface ToldEvent {
  readonly reason: string
  readonly note: string
  readonly regarding: { readonly uid?: string }
}

interface ClientPod {
  readonly name: string
  readonly namespace: string
  readonly account: string
}

const BUYER: ClientPod = { name: 'buyer', namespace: 'shop', account: 'buyer' }
const CLERK: ClientPod = { name: 'clerk', namespace: 'shop', account: 'clerk' }
const GUEST: ClientPod = { name: 'guest', namespace: 'demo', account: 'buyer' }

const podOf = ({ name, namespace, account }: ClientPod) => [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account, namespace } },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      serviceAccountName: account,
      containers: [{ name: 'client', image: 'node:24-slim', command: ['node', '-e', ASKER] }],
    },
  },
]

describeInLab(['dig'], 'a ServicePolicy', () => {
  let clusters: Clusters

  const kubectl = async (cluster: string, ...args: string[]) => (await clusters.kubectl(cluster, args)).stdout

  beforeAll(async () => {
    clusters = await upLab(['east', 'west', 'north'])
    for (const cluster of ['east', 'west', 'north']) {
      await clusters.kubectl(cluster, ['create', 'namespace', 'demo'])
    }
    for (const file of ['hello.yaml', 'export.yaml'])
      await clusters.kubectl('east', ['apply', '-f', join(ROOT, 'examples/hello', file)])
    await peerConfig(clusters, 'east', 'udp-peer.mjs')
    await applyAll(
      clusters,
      'east',
      peerDeployment({ name: 'echo', script: 'udp-peer.mjs', port: 7300 }),
      peerService('echo', 'echo', [{ port: UDP_PORT, protocol: 'UDP' }]),
      serviceExport('echo'),
    )
    await clusters.kubectl('west', ['create', 'namespace', 'shop'])
    await applyAll(clusters, 'west', ...[BUYER, CLERK, GUEST].flatMap(podOf))
    for (const name of ['hello', 'echo']) await rolledOut(clusters, 'east', name)
    for (const cluster of ['west', 'north']) await curlEventually(clusters, cluster, URL, 30_000)
  }, 300_000)
  afterAll(() => clusters?.down(), 60_000)

  async function hold(spec: Partial<ServicePolicySpec>, target = 'hello'): Promise<void> {
    const policy = {
      apiVersion: 'fairlead.dev/v1alpha1',
      kind: 'ServicePolicy',
      metadata: { name: target, namespace: 'demo' },
      spec: { targets: [{ name: target }], ...spec },
    }
    await apply(clusters, 'east', JSON.stringify(policy))
  }

  const release = (target = 'hello') => kubectl('east', 'delete', 'servicepolicy', target, '-n', 'demo')

  const policyNow = async (): Promise<ServicePolicy> =>
    JSON.parse(await kubectl('east', 'get', 'servicepolicy', 'hello', '-n', 'demo', '-o', 'json'))

  /** How the last attempts of a client pod went. */
  async function settles({ name, namespace }: ClientPod, expected: string): Promise<void> {
    await eventually(async () => {
      const lines = await kubectl('west', 'logs', '-n', namespace, name, '--tail=3')
      expect(lines.trim().split('\n')).toEqual(Array(3).fill(expected))
    }, WITHIN)
  }

  const importsIn = (cluster: string) =>
    kubectl(cluster, 'get', 'serviceimport', 'hello', '-n', 'demo', '-o', 'name', '--ignore-not-found')
  const dig = async (cluster: string) =>
    (await clusters.exec(cluster, ['dig', '+noall', '+comments', HOST])).stdout

  /** Of a client that is no pod of west. */
  const askedOnce = async () => (await clusters.exec('west', ['node', '-e', ASK_ONCE])).stdout.trim()

  /** Nothing of the import is left in a cluster, or all of it is there. */
  async function sees(cluster: string, isVisible: boolean): Promise<void> {
    await eventually(async () => expect((await importsIn(cluster)) !== '').toBe(isVisible), WITHIN)
    await eventually(
      async () => expect(await dig(cluster)).toContain(isVisible ? 'NOERROR' : 'NXDOMAIN'),
      WITHIN,
    )
  }

  test('by cluster lets that one in, and hides import and name from the others', async () => {
    await hold({ allow: [{ clusters: ['west'] }] })
    await sees('north', false)
    const left = await kubectl('north', 'get', 'services,endpointslices', '-n', 'demo', '-o', 'name')
    expect(left).not.toContain('hello')
    await expect(curl(clusters, 'north', URL)).rejects.toThrow(/Could not resolve host/)
    await sees('west', true)
    expect(await curl(clusters, 'west', URL)).toMatch(/^hello from/)
    await sees('east', true)
    const traced = await clusters.fairlead(['trace', 'hello', '-n', 'demo', '--context', 'north'], {
      codes: [0, 1],
    })
    expect(traced.stdout).toContain('its ServicePolicies let no client of this cluster call the service')
  }, 90_000)

  test('that changes ends open connections and turns imports round', async () => {
    const holder = clusters.startExec('west', ['node', '-e', HOLDER])
    let said = ''
    holder.stdout?.on('data', (chunk) => {
      said += chunk
    })
    await eventually(() => expect(said).toBe('open\n'), WITHIN)
    await hold({ allow: [{ clusters: ['north'] }] })
    await eventually(() => expect(said).toBe('open\nECONNRESET\n'), WITHIN)
    await sees('west', false)
    await sees('north', true)
    expect(await curlEventually(clusters, 'north', URL)).toMatch(/^hello from/)
    await release()
    await sees('west', true)
    await curlEventually(clusters, 'west', URL)
  }, 90_000)

  test('by namespace lets its pods in, and resets all others, who see the import', async () => {
    await hold({ allow: [{ namespaces: ['shop'] }] })
    await settles(GUEST, 'ECONNRESET')
    await settles(BUYER, 'answered')
    await settles(CLERK, 'answered')
    await sees('west', true)
    // No pod of the cluster: it has no namespace. Not by curl, which says nothing of a reset that comes as soon as it is connected.
    expect(await askedOnce()).toBe('ECONNRESET')
  }, 60_000)

  test('by service account lets its pods in, of that namespace', async () => {
    await hold({ allow: [{ serviceAccounts: ['shop/buyer'] }] })
    await settles(CLERK, 'ECONNRESET')
    await settles(BUYER, 'answered')
    await settles(GUEST, 'ECONNRESET')
  }, 60_000)

  test('tells of what it refused in its status, in Events, metrics and `fairlead status`', async () => {
    await eventually(async () => {
      const { status } = await policyNow()
      expect(status?.denied).toBeGreaterThan(3)
      expect(status).toMatchObject({
        exports: ['hello'],
        conditions: [{ type: 'Accepted', status: 'True' }],
        refusals: [{ cluster: 'west', reason: 'NotAllowed' }],
      })
    }, WITHIN)
    await eventually(async () => {
      const told = await kubectl('east', 'get', 'events.events.k8s.io', '-n', 'demo', '-o', 'json')
      const { items } = JSON.parse(told) as { items: ToldEvent[] }
      const { uid } = (await policyNow()).metadata
      const refused = items.filter(
        ({ reason, regarding }) => reason === 'FlowsRefused' && regarding.uid === uid,
      )
      expect(refused.map(({ note }) => note)).toEqual([
        'refuses flows from cluster west: no policy of the service lets the client call',
      ])
    }, WITHIN)
    const metrics = await routerMetrics(clusters, 'east')
    const labels = { policy: 'demo/hello', cluster: 'west', reason: 'NotAllowed' }
    expect(metrics.labelled('fairlead_policy_denied_total', labels)).toBeGreaterThan(3)
    const status = await clusters.fairlead(['status', '--context', 'east'], { codes: [0, 1] })
    expect(status.stdout).toMatch(/demo\/hello\s+True\s+hello\s+\d+\s+refused \d+ of west \(NotAllowed\)/)
  }, 60_000)

  test('with a limit of connections resets what is beyond it', async () => {
    // Whoever asks meanwhile would have the one place now and then.
    for (const { name, namespace } of [BUYER, CLERK, GUEST])
      await kubectl('west', 'delete', 'pod', name, '-n', namespace, '--wait=true', '--grace-period=1')
    await hold({ limits: { connections: 1 } })
    // It is in force.
    await curlEventually(clusters, 'north', URL)
    const holder = clusters.startExec('north', ['node', '-e', HOLDER])
    let said = ''
    holder.stdout?.on('data', (chunk) => {
      said += chunk
    })
    await eventually(() => expect(said).toBe('open\n'), WITHIN)
    expect(await askedOnce()).toBe('ECONNRESET')
    holder.kill()
    expect(await curlEventually(clusters, 'west', URL, 20_000)).toMatch(/^hello from/)
    await release()
  }, 90_000)

  test('holds for datagrams: others get no answer, and a change ends what is open', async () => {
    const speaker = clusters.startExec('west', ['node', '-e', SPEAKER])
    let heard = ''
    speaker.stdout?.on('data', (chunk) => {
      heard += chunk
    })
    const hears = async (): Promise<boolean> => {
      const before = heard.length
      return await eventually(() => heard.length > before, { within: 3_000 }).then(
        () => true,
        () => false,
      )
    }
    await eventually(() => expect(heard).not.toBe(''), WITHIN)
    await hold({ allow: [{ namespaces: ['shop'] }] }, 'echo')
    await eventually(async () => expect(await hears()).toBe(false), { within: 30_000 })
    const metrics = await routerMetrics(clusters, 'east')
    expect(metrics.labelled('fairlead_policy_denied_total', { policy: 'demo/echo' })).toBeGreaterThan(0)
    await hold({ allow: [{ clusters: ['west'] }] }, 'echo')
    await eventually(async () => expect(await hears()).toBe(true), { within: 30_000 })
    speaker.kill()
    await release('echo')
  }, 120_000)

  test('that cannot be used lets nobody in, and says why', async () => {
    // The embedded API server knows no CEL, as one that has kept the object from before there was the rule.
    await hold({ allow: [{}] })
    await sees('west', false)
    const { status } = await eventually(async () => {
      const policy = await policyNow()
      expect(policy.status?.conditions?.[0]?.reason).toBe('Invalid')
      return policy
    }, WITHIN)
    expect(status?.conditions?.[0]?.message).toContain('spec.allow[0]')
    await release()
    await sees('west', true)
  }, 60_000)
})
