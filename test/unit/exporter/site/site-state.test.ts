import { describe, expect, test } from '@jest/globals'
import { SiteObjectReader } from '../../../../src/exporter/site/site-objects.ts'
import { siteState } from '../../../../src/exporter/site/site-state.ts'

const reader = new SiteObjectReader()
const stateOf = (...documents: unknown[]) => siteState(reader.read(documents, '2026-01-01T00:00:00.000Z'))

const metadata = { name: 'web', namespace: 'demo' }
const service = { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ name: 'http', port: 80 }] } }
const slice = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'web' } },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['127.0.0.1'] }, { addresses: ['127.0.0.2'], conditions: { ready: false } }],
  ports: [{ name: 'http', port: 8080 }],
}
const serviceExport = { apiVersion: 'multicluster.x-k8s.io/v1beta1', kind: 'ServiceExport', metadata }
const serviceImport = (name: string, ports: object[], listen?: string) => ({
  apiVersion: 'multicluster.x-k8s.io/v1beta1',
  kind: 'ServiceImport',
  metadata: {
    name,
    namespace: 'demo',
    ...(listen === undefined ? {} : { annotations: { 'fairlead.dev/listen-ports': listen } }),
  },
  spec: { ports },
})

test('an export is a record for others and backends for the router, as in a cluster', () => {
  const { records, routes, problems } = stateOf(service, slice, serviceExport)
  expect(problems).toEqual([])
  expect(records.get('demo/web')).toMatchObject({
    type: 'ClusterSetIP',
    exportedAt: '2026-01-01T00:00:00.000Z',
    ports: [{ name: 'http', protocol: 'TCP', port: 80, readyEndpoints: 1 }],
  })
  expect(routes.exports.get('demo/web')).toMatchObject([
    {
      protocol: 'TCP',
      port: 80,
      backends: [
        { address: '127.0.0.1', port: 8080, ready: true },
        { address: '127.0.0.2', port: 8080, ready: false },
      ],
    },
  ])
})

test('an export without its Service is left out, and said', () => {
  const { records, routes, problems } = stateOf(serviceExport)
  expect([records.size, routes.exports.size]).toEqual([0, 0])
  expect(problems).toEqual(['ServiceExport demo/web: there is no Service web in namespace demo'])
})

test('an import is a listener for each port, elsewhere where its annotation says so', () => {
  const ports = [{ port: 80 }, { port: 53, protocol: 'UDP' }, { port: 99, protocol: 'SCTP' }]
  const { routes, problems } = stateOf(serviceImport('web', ports, '80=8080, 53/UDP=5353'))
  expect(problems).toEqual([])
  expect(routes.listeners).toEqual([
    { service: 'demo/web', protocol: 'TCP', port: 80, listenPort: 8080, addresses: [] },
    { service: 'demo/web', protocol: 'UDP', port: 53, listenPort: 5353, addresses: [] },
  ])
})

test('an import keeps the affinity that it asks for', () => {
  const asking = serviceImport('web', [{ port: 80 }])
  const { routes } = stateOf({ ...asking, spec: { ...asking.spec, sessionAffinity: 'ClientIP' } })
  expect(routes.listeners[0]?.affinity).toEqual({ timeoutMs: 10_800_000 })
})

test('of two imports that want one port the first has it', () => {
  const { routes, problems } = stateOf(
    serviceImport('a', [{ port: 80 }]),
    serviceImport('b', [{ port: 80 }, { port: 81 }]),
  )
  expect(routes.listeners.map(({ service: key, listenPort }) => [key, listenPort])).toEqual([
    ['demo/a', 80],
    ['demo/b', 81],
  ])
  expect(problems).toEqual(['ServiceImport demo/b: port 80/TCP of this machine is that of demo/a'])
})

test.each([
  ['80', '"80" is not PORT=LOCAL'],
  ['80=0', '"80=0" is not PORT=LOCAL'],
  ['81=8081', 'the import has no port 81/TCP'],
])('the annotation %j is refused', (listen, message) => {
  const { routes, problems } = stateOf(serviceImport('web', [{ port: 80 }], listen))
  expect(routes.listeners).toEqual([])
  expect(problems[0]).toContain(`ServiceImport demo/web: annotation fairlead.dev/listen-ports: ${message}`)
})

test('an object that is there twice counts once', () => {
  const second = { ...service, spec: { ports: [{ port: 81 }] } }
  const { records, problems } = stateOf(service, second, slice, serviceExport)
  expect(records.get('demo/web')?.ports.map(({ port }) => port)).toEqual([80])
  expect(problems).toEqual(['Service demo/web is there twice: only the first, by file name, is used'])
})

test('links of one name are one, whatever their namespace', () => {
  const link = (namespace: string, host: string) => ({
    apiVersion: 'fairlead.dev/v1alpha1',
    kind: 'Link',
    metadata: { name: 'east', namespace },
    spec: { endpoints: [{ host, port: 5671 }] },
  })
  const { routes, problems } = stateOf(link('a', 'first'), link('b', 'second'))
  expect(routes.links.map(({ endpoints }) => endpoints[0]?.host)).toEqual(['first'])
  expect(problems).toEqual(['Link east is there twice: only the first, by file name, is used'])
})

test('policies and links count as in a cluster', () => {
  const policy = {
    apiVersion: 'fairlead.dev/v1alpha1',
    kind: 'TrafficPolicy',
    metadata: { name: 'p', namespace: 'demo' },
    spec: { targets: [{ name: 'web' }], proxyProtocol: 'V2' },
  }
  const link = {
    apiVersion: 'fairlead.dev/v1alpha1',
    kind: 'Link',
    metadata: { name: 'east' },
    spec: { endpoints: [{ host: 'east', port: 5671 }], cost: 7 },
  }
  const { routes } = stateOf(service, slice, serviceExport, policy, link)
  expect(routes.exports.get('demo/web')).toMatchObject([{ proxyProtocol: 'V2' }])
  expect(routes.links).toMatchObject([{ name: 'east', cost: 7 }])
})

describe('a ServicePolicy in a file', () => {
  const policy = (spec?: object, name = 'p') => ({
    apiVersion: 'fairlead.dev/v1alpha1',
    kind: 'ServicePolicy',
    metadata: { name, namespace: 'demo' },
    ...(spec === undefined ? {} : { spec }),
  })
  const exported = [service, slice, serviceExport]

  test('says who may call, to the router and in the record', () => {
    const spec = { targets: [{ name: 'web' }], allow: [{ clusters: ['east'] }], limits: { connections: 2 } }
    const { routes, records, problems } = stateOf(...exported, policy(spec))
    expect(problems).toEqual([])
    expect(routes.access.get('demo/web')).toEqual([
      { policy: 'demo/p', rules: [{ clusters: ['east'] }], limits: { connections: 2 } },
    ])
    expect(records.get('demo/web')?.importers).toEqual(['east'])
  })

  test.each([
    ['without a spec', undefined],
    ['with targets that cannot be read', { targets: 'web' }],
    ['with rules that cannot be', { targets: [{ name: 'web' }], allow: [{}] }],
  ])('%s lets nobody call, and says so', (_, spec) => {
    const { routes, records, problems } = stateOf(...exported, policy(spec))
    expect(routes.access.get('demo/web')).toMatchObject([{ policy: 'demo/p', rules: [] }])
    expect(records.get('demo/web')?.importers).toEqual([])
    expect(problems).toEqual([
      expect.stringMatching(
        /^ServicePolicy demo\/p: .*Until this is mended it lets nobody call its targets$/,
      ),
    ])
  })

  test('says nothing of other namespaces', () => {
    const elsewhere = { ...policy({ targets: [{ name: 'web' }], allow: [] }), metadata: { name: 'p' } }
    expect(stateOf(...exported, elsewhere).records.get('demo/web')?.importers).toBeUndefined()
  })
})
