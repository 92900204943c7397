import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { EndpointSlice, Service } from '../../../../src/api/objects.ts'
import {
  type EndpointSlicePlan,
  planEndpointSlices,
} from '../../../../src/lab/controllers/endpoint-slice-plan.ts'
import type { WorkloadPod } from '../../../../src/lab/controllers/workloads.ts'
import { pod, service, stored } from '../../../support/workload-objects.ts'

const addresses = (slice: EndpointSlice | undefined) => slice?.endpoints.flatMap((each) => each.addresses)
const numbered = (count: number, first = 1) =>
  Array.from({ length: count }, (_, at) => {
    const number = at + first
    return pod(`p${number}`, { ip: `10.244.${number >> 8}.${number & 255}` })
  })

/** The slices after a plan was carried out. */
function carriedOut(existing: readonly EndpointSlice[], plan: EndpointSlicePlan): EndpointSlice[] {
  const names = new Set([...plan.update, ...plan.remove].map((slice) => slice.metadata.name))
  const kept = existing.filter((slice) => !names.has(slice.metadata.name))
  const created = plan.create.map((slice, at) => stored(slice, `new-${existing.length}-${at}`))
  return [...kept, ...plan.update, ...created]
}

const first = (target: Service, ...pods: WorkloadPod[]) => planEndpointSlices(target, pods, []).create

test('a slice carries the labels, owner and name prefix of its Service', () => {
  expect(first(service(), pod('a', { ip: '10.244.0.5' }))).toEqual([
    {
      metadata: {
        generateName: 'web-',
        namespace: 'demo',
        labels: {
          team: 'blue',
          'kubernetes.io/service-name': 'web',
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        },
        ownerReferences: [
          {
            apiVersion: 'v1',
            kind: 'Service',
            name: 'web',
            uid: 'uid-svc',
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      addressType: 'IPv4',
      ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
      endpoints: [
        {
          addresses: ['10.244.0.5'],
          conditions: { ready: true, serving: true, terminating: false },
          nodeName: 'node',
          targetRef: { kind: 'Pod', namespace: 'demo', name: 'a', uid: 'uid-a' },
        },
      ],
    },
  ])
})

describe('conditions', () => {
  test.each([
    ['ready', {}, {}, { ready: true, serving: true, terminating: false }],
    ['not ready', { ready: false }, {}, { ready: false, serving: false, terminating: false }],
    ['terminating', { terminating: true }, {}, { ready: false, serving: true, terminating: true }],
    [
      'not ready but published',
      { ready: false },
      { publishNotReadyAddresses: true },
      { ready: true, serving: false, terminating: false },
    ],
  ])('a Pod that is %s', (_name, options, spec, conditions) => {
    const [slice] = first(service(spec), pod('a', { ip: '10.244.0.5', ...options }))
    expect(slice?.endpoints[0]?.conditions).toEqual(conditions)
  })
})

test('Pods without an address and finished Pods are no endpoints', () => {
  const [slice] = first(service(), pod('a'), pod('b', { ip: '10.244.0.6', phase: 'Succeeded' }))
  expect(slice?.endpoints).toEqual([])
})

test('a named target port is looked up in each Pod, and Pods that differ get slices of their own', () => {
  const other = pod('b', {
    ip: '10.244.0.6',
    spec: { containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 9090 }] }] },
  })
  const without = pod('c', { ip: '10.244.0.7', spec: { containers: [{ name: 'c' }] } })
  const slices = first(service(), pod('a', { ip: '10.244.0.5' }), other, without)
  expect(slices.map((slice) => [slice.ports?.map((port) => port.port), addresses(slice)])).toEqual([
    [[8080], ['10.244.0.5']],
    [[9090], ['10.244.0.6']],
    [[], ['10.244.0.7']],
  ])
})

test('UDP ports, target ports given as numbers or not at all, and application protocols are kept', () => {
  const ports = [
    { name: 'dns', protocol: 'UDP' as const, port: 53, targetPort: 5353 },
    { name: 'web', port: 80, appProtocol: 'http' },
  ]
  const [slice] = first(service({ ports }), pod('a', { ip: '10.244.0.5' }))
  expect(slice?.ports).toEqual([
    { name: 'dns', protocol: 'UDP', port: 5353 },
    { name: 'web', protocol: 'TCP', port: 80, appProtocol: 'http' },
  ])
})

test('a headless Service has the headless label, and host names of Pods in its subdomain', () => {
  const member = pod('db-0', { ip: '10.244.0.5', spec: { hostname: 'db-0', subdomain: 'web' } })
  const stranger = pod('x', { ip: '10.244.0.6', spec: { hostname: 'x', subdomain: 'other' } })
  const [slice] = first(service({ clusterIP: 'None', ports: [] }), member, stranger)
  expect(slice?.metadata.labels).toMatchObject({ 'service.kubernetes.io/headless': '' })
  expect(slice?.endpoints.map((endpoint) => endpoint.hostname)).toEqual(['db-0', undefined])
})

test('a dual-stack Service gets slices of both families', () => {
  const both = pod('a', { ip: '10.244.0.5' })
  both.status = { ...both.status, podIPs: [{ ip: '10.244.0.5' }, { ip: 'fd00::5' }] }
  const slices = first(service({ ipFamilies: ['IPv4', 'IPv6'] }), both)
  expect(slices.map((slice) => [slice.addressType, addresses(slice)])).toEqual([
    ['IPv4', ['10.244.0.5']],
    ['IPv6', ['fd00::5']],
  ])
})

test('a Service without Pods keeps one empty slice', () => {
  const [empty] = first(service())
  expect(empty).toMatchObject({ endpoints: [], ports: [] })
  const plan = planEndpointSlices(service(), [], [stored(empty as EndpointSlice, 'web-1')])
  expect(plan).toEqual({ create: [], update: [], remove: [] })
})

test('a slice holds at most 100 endpoints', () => {
  expect(first(service(), ...numbered(250)).map((slice) => slice.endpoints.length)).toEqual([100, 100, 50])
})

test('one Pod more changes one slice, and endpoints do not move', () => {
  const before = first(service(), ...numbered(150)).map((slice, at) => stored(slice, `web-${at}`))
  const plan = planEndpointSlices(service(), numbered(151), before)
  expect(plan.create).toEqual([])
  expect(plan.remove).toEqual([])
  expect(plan.update.map((slice) => [slice.metadata.name, slice.endpoints.length])).toEqual([['web-1', 51]])
})

test('whatever comes and goes, the slices hold exactly the Pods, once each, and a second look changes nothing', () => {
  const change = fc.tuple(fc.integer({ min: 0, max: 250 }), fc.integer({ min: 1, max: 60 }))
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 5 }), (changes) => {
      let slices: EndpointSlice[] = []
      for (const [count, from] of changes) {
        const pods = numbered(count, from)
        slices = carriedOut(slices, planEndpointSlices(service(), pods, slices))
        const found = slices.flatMap((slice) => addresses(slice) ?? []).sort()
        expect(found).toEqual(pods.map((each) => each.status?.podIP).sort())
        expect(Math.max(...slices.map((slice) => slice.endpoints.length))).toBeLessThanOrEqual(100)
        expect(planEndpointSlices(service(), pods, slices)).toEqual({ create: [], update: [], remove: [] })
      }
    }),
    { numRuns: 30 },
  )
})
