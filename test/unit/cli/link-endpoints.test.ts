import { expect, test } from '@jest/globals'
import { loadBalancerEndpoints, nodePortEndpoints } from '../../../src/cli/install/link-clusters.ts'
import { parseEndpoint } from '../../../src/cli/link-command.ts'

const service = {
  metadata: { name: 'fairlead-router' },
  spec: { ports: [{ name: 'link', port: 5671, nodePort: 30_671 }] },
  status: { loadBalancer: { ingress: [{ ip: '203.0.113.7' }, { hostname: 'lb.example.org' }, {}] } },
}

function node(...addresses: [string, string][]) {
  return { metadata: {}, status: { addresses: addresses.map(([type, address]) => ({ type, address })) } }
}

test('a load balancer is dialled at its addresses and names', () => {
  expect(loadBalancerEndpoints(service)).toEqual([
    { host: '203.0.113.7', port: 5671 },
    { host: 'lb.example.org', port: 5671 },
  ])
  expect(loadBalancerEndpoints({ metadata: {} })).toEqual([])
})

test('node ports are dialled at the outside address of a node, else at its inside one', () => {
  const nodes = [
    node(['Hostname', 'one'], ['InternalIP', '172.18.0.2'], ['ExternalIP', '198.51.100.1']),
    node(['InternalIP', '172.18.0.3']),
    node(['Hostname', 'three']),
  ]
  expect(nodePortEndpoints(service, nodes)).toEqual([
    { host: '198.51.100.1', port: 30_671 },
    { host: '172.18.0.3', port: 30_671 },
  ])
  expect(nodePortEndpoints({ metadata: {}, spec: { ports: [{ port: 80 }] } }, nodes)).toEqual([])
})

test('at most as many nodes are named as the Link may hold', () => {
  const many = Array.from({ length: 40 }, (_, n) => node(['InternalIP', `10.0.0.${n}`]))
  expect(nodePortEndpoints(service, many)).toHaveLength(16)
})

test.each([
  ['east.example.org:5671', { host: 'east.example.org', port: 5671 }],
  ['192.0.2.1:30000', { host: '192.0.2.1', port: 30_000 }],
  ['[2001:db8::1]:5671', { host: '2001:db8::1', port: 5671 }],
  ['wss://east.example.org', { host: 'east.example.org', port: 443, transport: 'wss' }],
  ['wss://[2001:db8::1]:8443', { host: '2001:db8::1', port: 8443, transport: 'wss' }],
])('%s is an endpoint', (text, endpoint) => {
  expect(parseEndpoint(text)).toEqual(endpoint)
})

test.each([
  ['east'],
  ['east:'],
  ['east:0'],
  ['east:70000'],
  [':5671'],
  ['http://east:5671'],
  ['wss://east/amqp'],
  ['wss://'],
  ['[2001:db8::1]'],
  ['2001:db8::1:5671'],
  [''],
])('%j is not an endpoint', (text) => {
  expect(() => parseEndpoint(text)).toThrow('is not HOST:PORT')
})
