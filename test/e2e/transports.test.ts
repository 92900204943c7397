/** The ways a link of two clusters can go, each with the same traffic: a page, a hashed transfer, a question by UDP. */
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { SYSTEM_NAMESPACE } from '../../src/api/names.ts'
import { type Clusters, curlEventually, peerConfig, rolledOut, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab, noLabIpv6 } from '../support/missing.ts'
import { ingressCertificate, ingressConfiguration } from '../support/nginx-ingress.ts'
import { applyAll, peerDeployment, peerService, serviceExport } from '../support/peer-objects.ts'
import { ROOT } from '../support/source-tree.ts'

const BYTES = 4 << 20
const PATIENT = { within: 60_000 }
const host = (service: string) => `${service}.demo.svc.clusterset.local`
const support = (script: string) => join(ROOT, 'test/support', script)

/** Peers have a volume of scripts; this one is not needed. */
const EMPTY = { name: 'peer', emptyDir: {} }

/** Why a link cannot go over IPv6 here. */
const noIpv6 = noLabIpv6()
const testIpv6 = noIpv6 === undefined ? test : test.skip

/** A pod that changes the rules of its node once, and ends. */
function rulesPod(name: string, rules: string) {
  const container = {
    name: 'nft',
    image: 'none',
    command: ['nft', rules],
    securityContext: { capabilities: { add: ['NET_ADMIN'] } },
  }
  const spec = { hostNetwork: true, restartPolicy: 'Never', containers: [container] }
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'demo' }, spec }
}

/** Drops all that is IPv4 between a node and this address. */
const dropIpv4 = (peer: string) =>
  `table ip no-ipv4 { chain drops { type filter hook prerouting priority raw; ip saddr ${peer} drop; ip daddr ${peer} drop; }; }`

const INGRESS = 'ingress.example'
/** Where the ingress listens, on east's node: the lab's nodes have this address on what stands for the internet. */
const EAST = '172.31.0.10'
const WEST = '172.31.0.11'
const INGRESS_PORT = 8443
/** Of the same network; nobody has it. */
const NOBODY = '172.31.0.250'

/** nginx on a node's own network, with its files from a ConfigMap. */
const NGINX = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'ingress', namespace: 'demo' },
  spec: {
    selector: { matchLabels: { app: 'ingress' } },
    template: {
      metadata: { labels: { app: 'ingress' } },
      spec: {
        hostNetwork: true,
        containers: [
          {
            name: 'nginx',
            image: 'nginx:stable',
            command: ['nginx', '-c', '/ingress/nginx.conf', '-p', '/scratch'],
            readinessProbe: { tcpSocket: { port: INGRESS_PORT }, periodSeconds: 1 },
            volumeMounts: [
              { name: 'ingress', mountPath: '/ingress' },
              { name: 'scratch', mountPath: '/scratch' },
            ],
          },
        ],
        volumes: [
          { name: 'ingress', configMap: { name: 'ingress' } },
          { name: 'scratch', emptyDir: {} },
        ],
      },
    },
  },
}

/** A name in west's DNS that leads to one address. */
function namedAddress(address: string): object[] {
  const metadata = { name: 'far', namespace: 'demo' }
  const ports = [{ name: 'link', port: 5671 }]
  return [
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP: 'None', ports } },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'far' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
      ports,
    },
  ]
}

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

describeInLab(['nginx'], 'the ways between two clusters', () => {
  let clusters: Clusters

  const west = async (...args: string[]) => (await clusters.kubectl('west', args)).stdout
  const link = ['links.fairlead.dev', 'east', '-n', SYSTEM_NAMESPACE]
  /** Changes the link, and waits until its router says that it goes where it is meant to. */
  const relinked = async (spec: object, established: string) => {
    await west('patch', ...link, '--type=merge', '-p', JSON.stringify({ spec }))
    await eventually(async () => expect(await linkMessage()).toContain(established), PATIENT)
  }
  const established = (field: string) =>
    west('get', ...link, '-o', `jsonpath={.status.conditions[?(@.type=="Established")].${field}}`)
  const linkMessage = () => established('message')
  const linkEstablished = () => established('status')

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

  testIpv6(
    `IPv6, while no IPv4 passes between the clusters${noIpv6 === undefined ? '' : ` [skipped: ${noIpv6}]`}`,
    async () => {
      const east = async (...args: string[]) => (await clusters.kubectl('east', args)).stdout
      const service = ['service', 'fairlead-router', '-n', SYSTEM_NAMESPACE]
      const ingress = JSON.parse(
        await east('get', ...service, '-o', 'jsonpath={.status.loadBalancer.ingress}'),
      )
      const host = ingress.map(({ ip }: { ip: string }) => ip).find(isIPv6)
      const endpoints = await west('get', ...link, '-o', 'jsonpath={.spec.endpoints}')
      const [{ port }] = JSON.parse(endpoints)
      const run = async (name: string, rules: string) => {
        await applyAll(clusters, 'east', rulesPod(name, rules))
        const phase = ['get', 'pod', name, '-n', 'demo', '-o', 'jsonpath={.status.phase}']
        await eventually(async () => expect(await east(...phase)).toBe('Succeeded'), PATIENT)
      }
      await run('drop-ipv4', dropIpv4(WEST))
      try {
        await relinked({ endpoints: [{ host, port }] }, `to [${host}]:${port}`)
        await eventually(async () => expect(await linkEstablished()).toBe('True'), PATIENT)
        await carriesTraffic()
        expect(await linkMessage()).toBe(`to [${host}]:${port}`)
      } finally {
        await run('pass-ipv4', 'delete table ip no-ipv4')
        await relinked({ endpoints: JSON.parse(endpoints) }, EAST)
      }
    },
    180_000,
  )

  test('an HTTP proxy that is asked with CONNECT', async () => {
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
    await relinked({ httpProxy: { host: address, port: 3128 } }, EAST)
    const log = () => west('logs', '-n', 'demo', 'deployment/proxy')
    await eventually(async () => expect(await log()).toContain(`${EAST}:`), PATIENT)
    await carriesTraffic()
    await relinked({ httpProxy: null }, EAST)
  }, 180_000)

  test('a name whose address changes', async () => {
    const { port } = JSON.parse(await west('get', ...link, '-o', 'jsonpath={.spec.endpoints[0]}'))
    const host = 'far.demo.svc.cluster.local'
    await applyAll(clusters, 'west', ...namedAddress(NOBODY))
    await relinked({ endpoints: [{ host, port }] }, `${host}:${port}`)
    expect(await linkEstablished()).toBe('False')
    await applyAll(clusters, 'west', ...namedAddress(EAST))
    await eventually(async () => expect(await linkEstablished()).toBe('True'), PATIENT)
    await carriesTraffic()
  }, 180_000)

  test('a WebSocket through nginx as an HTTPS ingress', async () => {
    const east = (...args: string[]) => clusters.kubectl('east', args)
    const { authority, leaf } = await ingressCertificate(INGRESS)
    const flag = [
      { op: 'add', path: '/spec/template/spec/containers/0/args/-', value: '--websocket-port=5680' },
    ]
    const router = ['deployment/fairlead-router', '-n', SYSTEM_NAMESPACE]
    await east('patch', ...router, '--type=json', '-p', JSON.stringify(flag))
    await rolledOut(clusters, 'east', 'fairlead-router', SYSTEM_NAMESPACE)
    const metadata = { name: 'websocket', namespace: SYSTEM_NAMESPACE }
    const selector = { 'app.kubernetes.io/name': 'fairlead-router' }
    const spec = { selector, ports: [{ port: 5680 }] }
    await applyAll(clusters, 'east', { apiVersion: 'v1', kind: 'Service', metadata, spec })
    const address = await east(
      ...['get', 'service', 'websocket', '-n', SYSTEM_NAMESPACE, '-o', 'jsonpath={.spec.clusterIP}'],
    )
    const conf = ingressConfiguration({
      folder: '/ingress',
      scratch: '/scratch',
      listen: `${EAST}:${INGRESS_PORT}`,
      target: `${address.stdout}:5680`,
    })
    const data = { 'nginx.conf': conf, 'tls.crt': leaf.certPem, 'tls.key': leaf.keyPem }
    const files = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'ingress', namespace: 'demo' },
      data,
    }
    await applyAll(clusters, 'east', files, NGINX)
    await rolledOut(clusters, 'east', 'ingress')
    const endpoints = [{ host: EAST, port: INGRESS_PORT, transport: 'wss' }]
    const webSocket = { ca: authority.certPem, serverName: INGRESS }
    await relinked({ endpoints, webSocket }, `${EAST}:${INGRESS_PORT}`)
    await carriesTraffic()
    expect([await linkEstablished(), await linkMessage()]).toEqual([
      'True',
      `to wss://${EAST}:${INGRESS_PORT}`,
    ])
  }, 240_000)
})
