import { expect, test } from '@jest/globals'
import type { Endpoint, EndpointSlice } from '../../../src/api/objects.ts'
import { routerReplicas } from '../../../src/exporter/router-replicas.ts'
import { endpoint, slice } from '../../support/exporter-objects.ts'

const PORTS: EndpointSlice['ports'] = [
  { name: 'health', protocol: 'TCP', port: 9090 },
  { name: 'link', protocol: 'TCP', port: 5671 },
]

const pod = (name: string, address: string, conditions?: Endpoint['conditions']): Endpoint => ({
  ...endpoint(address, conditions),
  targetRef: { kind: 'Pod', namespace: 'fairlead-system', name },
})

test('replicas are the pods behind the Service by name, also those that start or end', () => {
  const slices = [
    slice([pod('b', '10.0.0.2', { ready: false, terminating: true })], PORTS),
    slice([pod('c', '10.0.0.3', { ready: false }), pod('a', '10.0.0.1')], PORTS),
  ]
  expect(routerReplicas(slices)).toEqual([
    { name: 'a', host: '10.0.0.1', port: 5671 },
    { name: 'b', host: '10.0.0.2', port: 5671 },
    { name: 'c', host: '10.0.0.3', port: 5671 },
  ])
})

test('a pod with addresses of both families can be dialled at each', () => {
  const six = { ...slice([pod('a', 'fd00::1')], PORTS), addressType: 'IPv6' as const }
  expect(routerReplicas([slice([pod('a', '10.0.0.1')], PORTS), six]).map(({ host }) => host)).toEqual([
    '10.0.0.1',
    'fd00::1',
  ])
})

test('an endpoint that is no pod, a slice without the port, and names for addresses are nobody', () => {
  const named = { ...slice([pod('a', 'router.example')], PORTS), addressType: 'FQDN' as const }
  expect(
    routerReplicas([slice([endpoint('10.0.0.9')], PORTS), slice([pod('a', '10.0.0.1')]), named]),
  ).toEqual([])
})
