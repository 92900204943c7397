import { describe, expect, test } from '@jest/globals'
import type { LinkResource } from '../../../src/api/link.ts'
import type { EndpointSlice, Service } from '../../../src/api/objects.ts'
import { DEFAULT_TRAFFIC, type ProxyProtocol } from '../../../src/api/traffic-settings.ts'
import { derivedServiceName, endpointServiceName } from '../../../src/exporter/import-names.ts'
import { exportedPorts, linksOf, listenersOf } from '../../../src/exporter/route-snapshot-builder.ts'
import { endpoint, service, serviceExport, slice } from '../../support/exporter-objects.ts'

function derived(name: string, ports: NonNullable<Service['spec']>['ports'], age = 1): Service {
  return service(ports === undefined ? {} : { ports }, {
    name: derivedServiceName(`demo/${name}`),
    creationTimestamp: `2026-01-0${age}T00:00:00Z`,
    labels: { 'fairlead.dev/derived-from': name },
  })
}

function portsOf(
  subject: Service | undefined,
  slices: EndpointSlice[],
  annotations?: Record<string, string>,
  policy: ProxyProtocol = 'None',
) {
  const exported = serviceExport()
  const metadata = { ...exported.metadata, ...(annotations === undefined ? {} : { annotations }) }
  return exportedPorts({ ...exported, metadata }, subject, slices, {
    ...DEFAULT_TRAFFIC,
    proxyProtocol: policy,
  })
}

describe('listeners', () => {
  test('one for each port of a derived Service, as its target port says', () => {
    const found = listenersOf([
      derived('web', [
        { name: 'a', protocol: 'TCP', port: 80, targetPort: 20_080 },
        { name: 'b', protocol: 'UDP', port: 53, targetPort: 20_053 },
      ]),
    ])
    expect(found).toEqual([
      { service: 'demo/web', protocol: 'TCP', port: 80, listenPort: 20_080, addresses: ['10.96.1.1'] },
      { service: 'demo/web', protocol: 'UDP', port: 53, listenPort: 20_053, addresses: ['10.96.1.1'] },
    ])
  })

  test('a claim to a router port that another Service has changes nothing, however old the claimer is', () => {
    const claim = [{ port: 80, targetPort: 20_080 }]
    const before = listenersOf([derived('victim', claim, 2)])
    const contested = [derived('victim', claim, 2), derived('thief', claim, 1)]
    expect(listenersOf(contested, before)).toEqual(before)
    expect(listenersOf([derived('thief', claim, 1)], before)).toMatchObject([{ service: 'demo/thief' }])
  })

  test('the holder of a contested port keeps it when its address or affinity changes', () => {
    const claim = [{ port: 80, targetPort: 20_080 }]
    const before = listenersOf([derived('victim', claim)])
    const moved = derived('victim', claim)
    moved.spec = { ...moved.spec, clusterIPs: ['10.96.9.9'], sessionAffinity: 'ClientIP' }
    expect(listenersOf([moved, derived('thief', claim)], before)).toMatchObject([
      { service: 'demo/victim', addresses: ['10.96.9.9'], affinity: { timeoutMs: 10_800_000 } },
    ])
  })

  test('a port of one endpoint names it, and is held by it alone', () => {
    const one = (id: string, targetPort: number) =>
      service(
        { ports: [{ port: 80, targetPort }] },
        {
          name: endpointServiceName('demo/pets', { cluster: 'east', id }),
          labels: {
            'fairlead.dev/derived-from': 'pets',
            'fairlead.dev/endpoint-cluster': 'east',
            'fairlead.dev/endpoint': id,
          },
        },
      )
    const found = listenersOf([one('web-0', 20_080), one('web-1', 20_081)])
    expect(found).toMatchObject([
      { service: 'demo/pets', listenPort: 20_080, endpoint: { cluster: 'east', id: 'web-0' } },
      { service: 'demo/pets', listenPort: 20_081, endpoint: { cluster: 'east', id: 'web-1' } },
    ])
    expect(listenersOf([one('web-0', 20_080), one('web-1', 20_080)], found)).toEqual(found.slice(0, 1))
    const forged = one('web-0', 20_080)
    forged.metadata.labels = { ...forged.metadata.labels, 'fairlead.dev/endpoint': 'web-7' }
    expect(listenersOf([forged])).toEqual([])
  })

  test('the same number for TCP and UDP has two router ports', () => {
    const found = listenersOf([
      derived('dns', [
        { name: 'udp', protocol: 'UDP', port: 53, targetPort: 20_001 },
        { name: 'tcp', protocol: 'TCP', port: 53, targetPort: 20_002 },
      ]),
    ])
    expect(found).toMatchObject([
      { protocol: 'UDP', port: 53, listenPort: 20_001 },
      { protocol: 'TCP', port: 53, listenPort: 20_002 },
    ])
  })

  test('a router that starts while two Services claim one router port gives it to neither', () => {
    const claim = [{ port: 80, targetPort: 20_080 }]
    const other = [{ port: 80, targetPort: 20_081 }]
    const found = listenersOf([derived('a', claim), derived('b', claim), derived('c', other)])
    expect(found.map((listener) => listener.service)).toEqual(['demo/c'])
  })

  test('target ports outside of the range ask for nothing', () => {
    expect(listenersOf([derived('web', [{ port: 80, targetPort: 22 }])])).toEqual([])
  })
})

describe('exports', () => {
  test('each port with its backends and whether they are ready', () => {
    const slices = [slice([endpoint('10.0.0.1'), endpoint('10.0.0.2', { ready: false })])]
    expect(portsOf(service(), slices)).toEqual([
      {
        protocol: 'TCP',
        port: 80,
        backends: [
          { address: '10.0.0.1', port: 8080, ready: true, serving: true },
          { address: '10.0.0.2', port: 8080, ready: false, serving: false },
        ],
        proxyProtocol: 'None',
      },
    ])
  })

  test('a pod that is ready in one of two slices is ready', () => {
    const slices = [
      slice([endpoint('10.0.0.1', { ready: false })]),
      slice([endpoint('10.0.0.1')], undefined, 'web-2'),
    ]
    expect(portsOf(service(), slices)?.[0]?.backends).toEqual([
      { address: '10.0.0.1', port: 8080, ready: true, serving: true },
    ])
  })

  test('a pod that terminates and still answers is serving; one that is not ready for other reasons is not', () => {
    const slices = [
      slice([
        endpoint('10.0.0.1', { ready: false, serving: true, terminating: true }),
        endpoint('10.0.0.2', { ready: false, serving: false, terminating: true }),
        endpoint('10.0.0.3', { ready: false, serving: true, terminating: false }),
        endpoint('10.0.0.4', { ready: false, terminating: true }),
      ]),
    ]
    const found = portsOf(service(), slices)?.[0]?.backends
    expect(found?.map(({ ready, serving }) => [ready, serving])).toEqual([
      [false, true],
      [false, false],
      [false, false],
      [false, true],
    ])
  })

  test('the backends of a headless Service go by the names that its record gives them', () => {
    const pods = [{ ...endpoint('10.0.0.1'), hostname: 'web-0' }, endpoint('10.0.0.2')]
    const found = portsOf(service({ clusterIP: 'None' }), [slice(pods)])?.[0]?.backends
    expect(found?.map((backend) => backend.endpoint)).toEqual(['web-0', '10-0-0-2'])
    expect(portsOf(service(), [slice(pods)])?.[0]?.backends[0]).not.toHaveProperty('endpoint')
  })

  test('each keeps clients as the Service says', () => {
    const affine = service({
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 7 } },
    })
    expect(portsOf(affine, [])?.[0]?.affinity).toEqual({ timeoutMs: 7_000 })
    expect(portsOf(service(), [])?.[0]).not.toHaveProperty('affinity')
  })

  test.each([
    [undefined, 'None', 'None'],
    [undefined, 'V2', 'V2'],
    ['v1', 'None', 'V1'],
    ['v2', 'V1', 'V2'],
    ['none', 'V2', 'None'],
    ['V2', 'V2', 'None'],
    ['', 'V2', 'None'],
  ] as const)('annotation %p with policy %s sends header %s', (annotation, policy, sent) => {
    const annotations = annotation === undefined ? undefined : { 'fairlead.dev/proxy-protocol': annotation }
    expect(portsOf(service(), [], annotations, policy)?.[0]?.proxyProtocol).toBe(sent)
  })

  test('an export that is not valid is not reachable', () => {
    expect(portsOf(undefined, [])).toBeUndefined()
    expect(portsOf(service({ type: 'ExternalName' }), [])).toBeUndefined()
  })
})

test('links are sorted by name, cost 1 unless they say otherwise, without those being deleted', () => {
  const link = (name: string, change: Partial<LinkResource> = {}): LinkResource => ({
    metadata: { name, namespace: 'fairlead-system', ...change.metadata },
    spec: { endpoints: [{ host: `${name}.example`, port: 5671 }], ...change.spec },
  })
  const leaving = link('leaving', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })
  const costly = link('east', { spec: { endpoints: [], cost: 7 } })
  expect(linksOf([link('west'), leaving, costly])).toEqual([
    { name: 'east', endpoints: [], cost: 7 },
    { name: 'west', endpoints: [{ host: 'west.example', port: 5671 }], cost: 1 },
  ])
})
