/** What a node translates, from the objects that say it. */

import { expect, test } from '@jest/globals'
import type { GlobalIngressIP } from '../../../src/api/globalnet.ts'
import { Annotation, Label, MANAGED_BY } from '../../../src/api/names.ts'
import type { Endpoint, EndpointSlice, Pod, Service } from '../../../src/api/objects.ts'
import { formatCidr } from '../../../src/core/cidr.ts'
import { assembleNatBase, type NatObjects } from '../../../src/globalnet/nat-input.ts'
import { global } from '../../support/nat-inputs.ts'

const NOTHING: NatObjects = {
  services: [],
  slices: [],
  ingressIps: [],
  pods: [],
  routerSlices: [],
  network: { metadata: { name: 'cluster' }, status: { range: '242.0.0.0/8' } },
}

function service(name: string, address: string | undefined, since = '2026-01-01T00:00:00Z'): Service {
  return {
    metadata: {
      namespace: 'demo',
      name,
      creationTimestamp: since,
      labels: { [Label.derivedFrom]: 'hello' },
      annotations: address === undefined ? {} : { [Annotation.globalIp]: address },
    },
    spec: {
      ports: [
        { name: 'web', protocol: 'TCP', port: 80, targetPort: 20_001 },
        { name: 'dns', protocol: 'UDP', port: 53, targetPort: 20_002 },
        { name: 'odd', protocol: 'SCTP', port: 99, targetPort: 20_003 },
      ],
    },
  }
}

function slice(owner: string, endpoints: Endpoint[], ports = [20_001, 20_002]): EndpointSlice {
  return {
    metadata: {
      namespace: 'demo',
      name: `${owner}-slice`,
      labels: { [Label.kubeServiceName]: owner, [Label.managedBy]: MANAGED_BY },
    },
    addressType: 'IPv4',
    endpoints,
    ports: [
      { name: 'web', protocol: 'TCP', port: ports[0] ?? 0 },
      { name: 'dns', protocol: 'UDP', port: ports[1] ?? 0 },
    ],
  }
}

const at = (address: string, conditions = {}): Endpoint => ({ addresses: [address], conditions })
const pod = (address: string, conditions = {}): Endpoint => ({ ...at(address, conditions), targetRef: {} })
const assemble = (objects: Partial<NatObjects>) => {
  const { base: input, problems } = assembleNatBase({ ...NOTHING, ...objects })
  return { input, problems }
}

test('an import that the routers serve is sent to the port that it owns', () => {
  const { input, problems } = assemble({
    services: [service('derived-a', '242.1.0.1'), service('derived-b', undefined)],
    slices: [slice('derived-a', [at('10.0.0.5'), at('10.0.0.6')])],
  })
  expect(input.globals).toEqual([
    global('tcp 242.1.0.1 80', 'routed', '10.0.0.5:20001', '10.0.0.6:20001'),
    global('udp 242.1.0.1 53', 'routed', '10.0.0.5:20002', '10.0.0.6:20002'),
  ])
  expect(problems).toEqual([])
})

test('an import whose slices hold local pods is sent to those, at their own ports', () => {
  const endpoints = [pod('10.1.0.1'), pod('10.1.0.2', { ready: false }), pod('10.1.0.3')]
  const { input } = assemble({
    services: [service('derived-a', '242.1.0.1')],
    slices: [slice('derived-a', endpoints, [8080, 5353])],
  })
  expect(input.globals[0]).toEqual(global('tcp 242.1.0.1 80', 'direct', '10.1.0.1:8080', '10.1.0.3:8080'))
})

test('a pod that listens at the very port of the import is a pod all the same', () => {
  const { input } = assemble({
    services: [service('derived-a', '242.1.0.1')],
    slices: [slice('derived-a', [pod('10.1.0.1')])],
  })
  expect(input.globals[0]?.kind).toBe('direct')
})

test('endpoints that end serve while no other is ready', () => {
  const ending = { ready: false, serving: true, terminating: true }
  const { input } = assemble({
    services: [service('derived-a', '242.1.0.1')],
    slices: [
      slice(
        'derived-a',
        [pod('10.1.0.1', ending), pod('10.1.0.2', { ...ending, serving: false })],
        [8080, 53],
      ),
    ],
  })
  expect(input.globals[0]?.targets).toEqual([{ address: '10.1.0.1', port: 8080 }])
})

test('slices of IPv6, and of other Services, do not count', () => {
  const six: EndpointSlice = { ...slice('derived-a', [at('fd00::1')]), addressType: 'IPv6' }
  const { input } = assemble({
    services: [service('derived-a', '242.1.0.1')],
    slices: [six, slice('derived-b', [at('10.0.0.5')])],
  })
  expect(input.globals.map(({ targets }) => targets)).toEqual([[], []])
})

test('an address belongs to the older of two objects, and the other is told so in the same words each time', () => {
  const services = [
    service('derived-new', '242.1.0.1', '2026-02-01T00:00:00Z'),
    service('derived-old', '242.1.0.1'),
  ]
  const slices = [slice('derived-new', [at('10.9.9.9')]), slice('derived-old', [at('10.0.0.5')])]
  for (const order of [services, services.toReversed()]) {
    const { input, problems } = assemble({ services: order, slices })
    expect(input.globals[0]?.targets).toEqual([{ address: '10.0.0.5', port: 20_001 }])
    expect(problems).toEqual([
      'Service demo/derived-new: 242.1.0.1 belongs to Service demo/derived-old, which is older',
    ])
  }
})

test.each(['10.96.0.1', '243.0.0.1', 'fd00::1', '242.1.0.1; flush ruleset'])(
  'nobody gets %s by an annotation',
  (address) => {
    const { input, problems } = assemble({ services: [service('derived-a', address)] })
    expect(input.globals).toEqual([])
    expect(problems).toEqual([`Service demo/derived-a: ${address} is no global address`])
  },
)

test('a port that is no number is not translated', () => {
  const slices = [slice('derived-a', [at('10.0.0.5')], ['1 }; flush ruleset' as never, 20_002])]
  const { input } = assemble({ services: [service('derived-a', '242.1.0.1')], slices })
  expect(input.globals.map(({ protocol }) => protocol)).toEqual(['udp'])
})

test('without a GlobalNetwork nothing is translated, and nothing is wrong', () => {
  const { input, problems } = assemble({ network: undefined, services: [service('derived-a', '242.1.0.1')] })
  expect([input.globals, input.ranges, problems]).toEqual([[], [], []])
})

test('a range that is only wanted is not translated', () => {
  const network = { metadata: { name: 'cluster' }, spec: { range: '10.0.0.0/8' } }
  expect(assemble({ network }).input.ranges).toEqual([])
  const { ranges } = assemble({ network: { ...network, status: { range: '242.0.0.0/8' } } }).input
  expect(ranges.map(formatCidr)).toEqual(['242.0.0.0/8'])
})

test('a headless endpoint of this cluster is reached at its pod', () => {
  const ingress = (kind: 'Endpoint' | 'Service'): GlobalIngressIP => ({
    metadata: { namespace: 'demo', name: `db-${kind}`, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      target: kind === 'Service' ? { kind, service: 'db' } : { kind, service: 'db', endpoint: 'db-0' },
    },
    status: {
      allocatedIP: kind === 'Endpoint' ? '242.1.0.7' : '242.1.0.8',
      endpoint: {
        address: '10.1.0.4',
        ports: [{ protocol: 'TCP' as const, port: 5432, targetPort: 15_432 }],
      },
    },
  })
  const { input } = assemble({ ingressIps: [ingress('Endpoint'), ingress('Service')] })
  expect(input.globals).toEqual([global('tcp 242.1.0.7 5432', 'direct', '10.1.0.4:15432')])
})

test('of the pods of the node those with an address of their own count', () => {
  const running = (podIP: string, hostNetwork = false, phase = 'Running'): Pod => ({
    metadata: { name: podIP },
    spec: { hostNetwork },
    status: { phase, podIPs: [{ ip: podIP }, { ip: 'fd00::9' }] },
  })
  const pods = [
    running('10.1.0.1'),
    running('192.0.2.1', true),
    running('10.1.0.2', false, 'Succeeded'),
    running(''),
  ]
  expect(assemble({ pods }).input.localPods).toEqual(['10.1.0.1'])
})

test('routers that are not ready are routers', () => {
  const { input } = assemble({
    routerSlices: [slice('fairlead-router', [at('10.0.0.6', { ready: false }), at('10.0.0.5')])],
  })
  expect(input.routers).toEqual({ ready: ['10.0.0.5'], all: ['10.0.0.5', '10.0.0.6'] })
})
