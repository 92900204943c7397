/** Two `fairlead router` processes, each with an API server of its own, joined by a Link. */
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import type { LinkResource } from '../../../src/api/link.ts'
import { LISTEN_PORTS, SYSTEM_NAMESPACE } from '../../../src/api/names.ts'
import type { EndpointSlice, Service } from '../../../src/api/objects.ts'
import { Resource } from '../../../src/api/resources.ts'
import type { OriginState } from '../../../src/api/service-record.ts'
import { derivedServiceName } from '../../../src/exporter/import-names.ts'
import { ApiCluster } from '../../support/api-cluster.ts'
import { TestClusterset } from '../../support/clusterset.ts'
import { eventually } from '../../support/eventually.ts'
import { freePorts } from '../../support/free-ports.ts'
import { startClient } from '../../support/network.ts'
import { RouterProcess } from '../../support/router-process.ts'
import { directoryOf } from '../../support/routes.ts'
import { ask, dial, howItEnds, serveEcho } from '../../support/tcp.ts'

const owned: AsyncDisposable[] = []

afterEach(async () => {
  for (const part of owned.splice(0).reverse()) await part[Symbol.asyncDispose]()
})

function own<T extends AsyncDisposable>(part: T): T {
  owned.push(part)
  return part
}

interface Cluster {
  readonly api: ApiCluster
  readonly router: RouterProcess
  readonly kubeconfig: string
}

/** A cluster with an API server and a router that has read it. */
async function startCluster(name: string, clusterset: TestClusterset): Promise<Cluster> {
  const api = own(await ApiCluster.start())
  await api.namespace('demo')
  await api.namespace(SYSTEM_NAMESPACE)
  const dir = await mkdtemp(join(tmpdir(), 'fairlead-router-'))
  owned.push({ [Symbol.asyncDispose]: () => rm(dir, { recursive: true }) })
  const kubeconfig = join(dir, 'kubeconfig')
  await writeFile(kubeconfig, api.kubeconfig, { mode: 0o600 })
  const router = await startRouter(kubeconfig, await clusterset.tlsDir(name))
  return { api, router, kubeconfig }
}

/** A router that has read its API server. */
async function startRouter(kubeconfig: string, tlsDir: string, pod?: string): Promise<RouterProcess> {
  const router = own(new RouterProcess(kubeconfig, tlsDir, ['--flow-log=info'], pod))
  await eventually(async () => expect(await router.get('/readyz')).toBe('200 ok\n'), { within: 20_000 })
  return router
}

/** The slice of the routers' Service that says where one router is. */
async function listRouter({ api }: Cluster, pod: string, { running }: RouterProcess): Promise<void> {
  const labels = { 'kubernetes.io/service-name': 'fairlead-router' }
  await api.client.create<EndpointSlice>(Resource.endpointSlice, {
    metadata: { name: `fairlead-${pod}`, namespace: SYSTEM_NAMESPACE, labels },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['127.0.0.1'], targetRef: { kind: 'Pod', name: pod } }],
    ports: [{ name: 'link', protocol: 'TCP', port: running.linkPort }],
  })
}

/** Makes demo/echo:80 with one backend, and its export. */
async function exportEcho({ api }: Cluster, backendPort: number): Promise<void> {
  await api.client.create<Service>(Resource.service, {
    metadata: { name: 'echo', namespace: 'demo' },
    spec: { ports: [{ port: 80 }] },
  })
  await api.client.create<EndpointSlice>(Resource.endpointSlice, {
    metadata: { name: 'echo-1', namespace: 'demo', labels: { 'kubernetes.io/service-name': 'echo' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['127.0.0.1'] }],
    ports: [{ name: '', port: backendPort }],
  })
  await api.client.create(Resource.serviceExport, { metadata: { name: 'echo', namespace: 'demo' } })
}

/** The derived Service of demo/echo and the Link to the exporter, as the controller and the user write them. */
async function importEcho({ api }: Cluster, listenPort: number, linkPort: number): Promise<void> {
  await api.client.create<Service>(Resource.service, {
    metadata: {
      name: derivedServiceName('demo/echo'),
      namespace: 'demo',
      labels: { 'fairlead.dev/derived-from': 'echo' },
    },
    spec: { ports: [{ port: 80, targetPort: listenPort }] },
  })
  await api.client.create<LinkResource>(Resource.link, {
    metadata: { name: 'east', namespace: SYSTEM_NAMESPACE },
    spec: { endpoints: [{ host: '127.0.0.1', port: linkPort }] },
  })
}

/** A port of the range that imports own, free now. */
async function freeListenPort(): Promise<number> {
  return await eventually(async () => {
    const span = LISTEN_PORTS.last - LISTEN_PORTS.first + 1
    const port = LISTEN_PORTS.first + Math.floor(Math.random() * span)
    expect(await howItEnds(connect(port, '127.0.0.1'))).toBe('ECONNREFUSED')
    return port
  })
}

/** East exports demo/echo, west imports it; the port where west serves it, once it answers. */
async function joined(): Promise<{ east: Cluster; west: Cluster; port: number }> {
  const clusterset = own(await TestClusterset.create())
  const [east, west] = await Promise.all([startCluster('east', clusterset), startCluster('west', clusterset)])
  const echo = own(await serveEcho())
  const controller = await startClient(
    await clusterset.tlsDir('east', 'controller'),
    east.router.running.linkPort,
  )
  owned.push({ [Symbol.asyncDispose]: () => controller.stop() })
  controller.publish(directoryOf({ east: 1 }).get('east') as OriginState)
  const port = await freeListenPort()
  await exportEcho(east, echo.port)
  await importEcho(west, port, east.router.running.linkPort)
  await eventually(async () => expect(await ask(port, 'hello')).toBe('hello'))
  return { east, west, port }
}

test('what the API says becomes traffic, status, metrics and a line for each flow', async () => {
  const { east, west } = await joined()
  await eventually(async () => {
    const link = await west.api.client.get<LinkResource>(Resource.link, {
      namespace: SYSTEM_NAMESPACE,
      name: 'east',
    })
    expect(link?.status).toMatchObject({ remoteCluster: 'east' })
  })
  expect(await west.router.get('/metrics')).toContain('fairlead_router_ingress_flows_opened_total')
  await eventually(() =>
    expect(
      west.router.lines.filter(({ msg, ended }) => msg === 'flow ended' && ended === 'finished'),
    ).toMatchObject([
      { side: 'ingress', service: 'demo/echo', port: 80, cluster: 'east', clientBytes: 5, backendBytes: 5 },
    ]),
  )
  await eventually(() =>
    expect(east.router.line('flow ended')).toMatchObject({
      side: 'egress',
      client: { cluster: 'west' },
      cluster: 'east',
      clientBytes: 5,
      attempts: [],
      endedBy: 'client',
    }),
  )
}, 60_000)

test('a router tells the topology, and where the next flow of an import would go', async () => {
  const { east, west } = await joined()
  const document = async (path: string) => JSON.parse((await west.router.report(path)).replace(/^200 /, ''))
  expect(await document('/topology')).toMatchObject({
    clusters: [
      { cluster: 'east', reachable: true },
      { cluster: 'west', reachable: true },
    ],
    routers: [{ cluster: 'east' }, { cluster: 'west' }],
    links: [{ cost: 1 }],
    omitted: 0,
  })
  const router = east.router.line('router is running')['pod']
  expect(await document('/trace?namespace=demo&name=echo')).toMatchObject({
    router: { cluster: 'west' },
    service: 'demo/echo',
    ports: [
      {
        port: 80,
        protocol: 'TCP',
        tiers: [
          [
            {
              cluster: 'east',
              chosen: true,
              ready: 1,
              way: 'Direct',
              paths: [{ hops: [{ name: router, cluster: 'east', cost: 1 }] }],
            },
          ],
        ],
      },
    ],
  })
  expect(await document('/trace?namespace=demo&name=nothing')).toMatchObject({ ports: [] })
  expect(await document('/trace?namespace=demo&name=echo&port=tcp')).toMatchObject({ ports: [{ port: 80 }] })
  expect(await west.router.report('/trace?namespace=demo&name=echo&port=81')).toBe(
    '404 {"error":"demo/echo has no port 81 in this cluster: it has tcp (80/TCP)"}\n',
  )
  expect(await west.router.report('/trace')).toMatch(/^400 /)
  expect(await west.router.report('/nothing')).toMatch(/^404 /)
  expect(await west.router.get('/topology')).toMatch(/^404 /)
}, 60_000)

test('a router that says it is ready takes links', async () => {
  const clusterset = own(await TestClusterset.create())
  const { kubeconfig } = await startCluster('east', clusterset)
  const [health, link] = await freePorts(2)
  const flags = [`--health-port=${health}`, `--link-port=${link}`]
  own(new RouterProcess(kubeconfig, await clusterset.tlsDir('east'), flags, 'router-1'))
  // Asked so often that the shortest moment is seen.
  const isReady = async () => (await fetch(`http://127.0.0.1:${health}/readyz`)).ok
  await eventually(isReady, { within: 20_000, every: 0 })
  const peer = connect(Number(link), '127.0.0.1')
  await once(peer, 'connect')
  peer.destroy()
}, 60_000)

test('two routers of one cluster find each other by the slices of their Service', async () => {
  const clusterset = own(await TestClusterset.create())
  const east = await startCluster('east', clusterset)
  const other = await startRouter(east.kubeconfig, await clusterset.tlsDir('east'), 'router-1')
  await listRouter(east, 'router-0', east.router)
  await listRouter(east, 'router-1', other)
  for (const router of [east.router, other]) {
    await eventually(async () =>
      expect(await router.get('/metrics')).toContain('\nfairlead_topology_routers 2\n'),
    )
  }
  expect(east.router.line('link established')).toMatchObject({ link: 'router-1', cluster: 'east' })
  other.signal('SIGKILL')
  await eventually(async () =>
    expect(await east.router.get('/metrics')).toContain('\nfairlead_topology_routers 1\n'),
  )
}, 60_000)

test('traffic goes on without API servers, and a router drains when it is told to end', async () => {
  const { east, west, port } = await joined()
  await west.api[Symbol.asyncDispose]()
  await east.api[Symbol.asyncDispose]()
  expect(await ask(port, 'still here')).toBe('still here')
  const client = await dial(port)
  client.write('before')
  await once(client, 'data')
  west.router.signal('SIGTERM')
  await eventually(async () => expect(await west.router.get('/readyz')).toContain('503 not ready: draining'))
  // Ports close right after that.
  await eventually(async () => expect(await howItEnds(connect(port, '127.0.0.1'))).toBe('ECONNREFUSED'))
  client.write('after')
  expect(String((await once(client, 'data'))[0])).toBe('after')
  client.end()
  expect(await west.router.ended()).toBe(0)
}, 60_000)

test('a second signal ends a draining router at once', async () => {
  const { west, port } = await joined()
  const client = await dial(port)
  client.write('x')
  await once(client, 'data')
  west.router.signal('SIGTERM')
  await eventually(() => west.router.line('router is draining'))
  west.router.signal('SIGTERM')
  expect(await west.router.ended()).toBe(1)
  client.destroy()
}, 60_000)
