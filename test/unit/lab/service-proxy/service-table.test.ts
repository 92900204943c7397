/** What Services and EndpointSlices mean for packets. */
import { describe, expect, test } from '@jest/globals'
import type { Endpoint, EndpointSlice, Service } from '../../../../src/api/objects.ts'
import { buildServiceTable, loadBalancerServed } from '../../../../src/lab/service-proxy/service-table.ts'

const CONFIG = {
  nodeName: 'one',
  nodeAddresses: ['172.31.0.10', 'fd00:31::a'],
  reserved: ['172.31.0.10:6443', '10.96.0.10:53'],
}

function service(name: string, spec: Service['spec'], created = '2026-01-01T00:00:00Z'): Service {
  return {
    metadata: { name, namespace: 'demo', creationTimestamp: created },
    spec: { clusterIP: '10.96.1.1', ports: [{ port: 80, targetPort: 8080 }], ...spec },
  }
}

function slice(of: string, endpoints: Endpoint[], more: Partial<EndpointSlice> = {}): EndpointSlice {
  return {
    metadata: { name: `${of}-x`, namespace: 'demo', labels: { 'kubernetes.io/service-name': of } },
    addressType: 'IPv4',
    endpoints,
    ports: [{ port: 8080, protocol: 'TCP' }],
    ...more,
  }
}

const endpoint = (address: string, conditions: Endpoint['conditions'] = { ready: true }): Endpoint => ({
  addresses: [address],
  conditions,
})
const targets = (services: Service[], slices: EndpointSlice[]) =>
  buildServiceTable(services, slices, CONFIG).map(({ endpoints }) => endpoints.map(({ address }) => address))

describe('a service table', () => {
  test('joins a Service with the ready endpoints of all its slices, each once and sorted', () => {
    const slices = [
      slice('web', [endpoint('10.244.0.9'), endpoint('10.244.0.7', { ready: false })]),
      slice('web', [endpoint('10.244.0.8'), endpoint('10.244.0.9')]),
      slice('other', [endpoint('10.244.0.1')]),
    ]
    expect(buildServiceTable([service('web', {})], slices, CONFIG)).toEqual([
      {
        id: 'demo/web/tcp/80',
        family: 'IPv4',
        protocol: 'tcp',
        frontends: [{ address: '10.96.1.1', port: 80 }],
        endpoints: [
          { address: '10.244.0.8', port: 8080 },
          { address: '10.244.0.9', port: 8080 },
        ],
        affinitySeconds: undefined,
      },
    ])
  })

  test('takes an endpoint that says nothing of itself for ready', () => {
    expect(targets([service('web', {})], [slice('web', [{ addresses: ['10.244.0.1'] }])])).toEqual([
      ['10.244.0.1'],
    ])
  })

  test('falls back to endpoints that end but still serve, only while none is ready', () => {
    const ending = endpoint('10.244.0.1', { ready: false, serving: true, terminating: true })
    const broken = endpoint('10.244.0.2', { ready: false, serving: false, terminating: true })
    expect(targets([service('web', {})], [slice('web', [ending, broken])])).toEqual([['10.244.0.1']])
    expect(targets([service('web', {})], [slice('web', [ending, endpoint('10.244.0.3')])])).toEqual([
      ['10.244.0.3'],
    ])
  })

  test('matches ports by name and protocol', () => {
    const ports = [
      { name: 'a', port: 1, targetPort: 'x' },
      { name: 'a', port: 1, protocol: 'UDP' as const },
      { name: 'b', port: 2, protocol: 'SCTP' as const },
    ]
    const named = slice('web', [endpoint('10.244.0.1')], {
      ports: [
        { name: 'a', port: 11 },
        { name: 'a', port: 12, protocol: 'UDP' },
      ],
    })
    const table = buildServiceTable([service('web', { ports })], [named], CONFIG)
    expect(table.map(({ id, endpoints }) => [id, endpoints[0]?.port])).toEqual([
      ['demo/web/tcp/1', 11],
      ['demo/web/udp/1', 12],
    ])
  })

  test('leaves headless and external Services and IPv6 endpoints out', () => {
    const services = [
      service('a', { clusterIP: 'None' }),
      service('b', { type: 'ExternalName', externalName: 'x' }),
    ]
    expect(buildServiceTable(services, [], CONFIG)).toEqual([])
    const six = slice('web', [endpoint('::1')], { addressType: 'IPv6' })
    expect(targets([service('web', {})], [six])).toEqual([[]])
  })

  test('keeps the families of a Service apart, each with the addresses of its own', () => {
    const ports = [{ port: 80, nodePort: 30_080 }]
    const spec = { type: 'LoadBalancer' as const, clusterIPs: ['10.96.1.1', 'fd00:96::5'], ports }
    const slices = [
      slice('web', [endpoint('10.244.0.1')]),
      slice('web', [endpoint('fd00:244::1')], { addressType: 'IPv6' }),
    ]
    const table = buildServiceTable([service('web', spec)], slices, CONFIG)
    expect(table.map(({ id, frontends, endpoints }) => [id, frontends, endpoints])).toEqual([
      [
        'demo/web/tcp/80',
        [
          { address: '10.96.1.1', port: 80 },
          { address: '172.31.0.10', port: 80 },
          { address: '172.31.0.10', port: 30_080 },
        ],
        [{ address: '10.244.0.1', port: 8080 }],
      ],
      [
        'demo/web/tcp/80/6',
        [
          { address: 'fd00:96::5', port: 80 },
          { address: 'fd00:31::a', port: 80 },
          { address: 'fd00:31::a', port: 30_080 },
        ],
        [{ address: 'fd00:244::1', port: 8080 }],
      ],
    ])
    expect(loadBalancerServed(service('web', spec), table, 'fd00:31::a')).toBe(true)
  })

  test('keeps to the endpoints of the node where a traffic policy says so, from inside or from outside', () => {
    const here = { ...endpoint('10.244.0.1'), nodeName: 'one' }
    const there = { ...endpoint('10.244.16.1'), nodeName: 'two' }
    const seen = (spec: Service['spec']) => {
      const ports = [{ port: 80, nodePort: 30_080 }]
      const table = buildServiceTable(
        [service('web', { type: 'NodePort', ports, ...spec })],
        [slice('web', [here, there])],
        CONFIG,
      )
      return table.map(({ id, frontends, endpoints }) => [
        id.replace('demo/web/tcp/80', ''),
        frontends.map(({ port }) => port),
        endpoints.map(({ address }) => address),
      ])
    }
    const both = ['10.244.0.1', '10.244.16.1']
    expect(seen({ internalTrafficPolicy: 'Cluster', externalTrafficPolicy: 'Cluster' })).toEqual([
      ['', [80, 30_080], both],
    ])
    expect(seen({ internalTrafficPolicy: 'Cluster', externalTrafficPolicy: 'Local' })).toEqual([
      ['', [80], both],
      ['/outside', [30_080], ['10.244.0.1']],
    ])
    expect(seen({ internalTrafficPolicy: 'Local', externalTrafficPolicy: 'Local' })).toEqual([
      ['', [80, 30_080], ['10.244.0.1']],
    ])
  })

  test('adds the node for node ports and load balancers, and its own ports to nobody', () => {
    const ports = [
      { name: 'a', port: 80, nodePort: 30_080 },
      { name: 'b', port: 6443 },
    ]
    const balanced = service('web', { type: 'LoadBalancer', ports })
    const table = buildServiceTable([balanced], [], CONFIG)
    expect(table.map(({ frontends }) => frontends.map(({ address, port }) => `${address}:${port}`))).toEqual([
      ['10.96.1.1:6443'],
      ['10.96.1.1:80', '172.31.0.10:80', '172.31.0.10:30080'],
    ])
    expect(loadBalancerServed(balanced, table, '172.31.0.10')).toBe(false)
  })

  test('gives a port of the node that two Services want to the older one', () => {
    const younger = service('a', { type: 'LoadBalancer', clusterIP: '10.96.1.2' }, '2026-01-02T00:00:00Z')
    const older = service('b', { type: 'LoadBalancer' })
    const table = buildServiceTable([younger, older], [], CONFIG)
    expect(loadBalancerServed(older, table, '172.31.0.10')).toBe(true)
    expect(loadBalancerServed(younger, table, '172.31.0.10')).toBe(false)
  })

  test('carries session affinity and its time-out', () => {
    const sticky = service('a', { sessionAffinity: 'ClientIP' })
    const short = service('b', {
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 5 } },
    })
    expect(
      buildServiceTable([sticky, short], [], CONFIG).map(({ affinitySeconds }) => affinitySeconds),
    ).toEqual([10_800, 5])
  })
})
