import { expect, test } from '@jest/globals'
import type { Service } from '../../../src/api/objects.ts'
import { isOutside, outsideAddresses } from '../../../src/trust/outside-addresses.ts'

const ports = [{ name: 'link', port: 5671, nodePort: 30_671 }]
const balanced: Service = {
  metadata: { name: 'fairlead-router' },
  spec: { type: 'LoadBalancer', ports },
  status: { loadBalancer: { ingress: [{ ip: '203.0.113.7' }, { hostname: 'lb.example.org' }, {}] } },
}
const onNodes: Service = { metadata: {}, spec: { type: 'NodePort', ports } }

function node(...addresses: [string, string][]) {
  return { metadata: {}, status: { addresses: addresses.map(([type, address]) => ({ type, address })) } }
}

test('a load balancer is dialled at its addresses and names', () => {
  expect(outsideAddresses(balanced, 5671, [])).toEqual([
    { host: '203.0.113.7', port: 5671 },
    { host: 'lb.example.org', port: 5671 },
  ])
  expect(outsideAddresses({ metadata: {}, spec: { type: 'LoadBalancer' } }, 5671, [])).toEqual([])
})

test('node ports are dialled at the outside address of a node, else at its inside one', () => {
  const nodes = [
    node(['Hostname', 'one'], ['InternalIP', '172.18.0.2'], ['ExternalIP', '198.51.100.1']),
    node(['InternalIP', '172.18.0.3']),
    node(['Hostname', 'three']),
  ]
  expect(outsideAddresses(onNodes, 5671, nodes)).toEqual([
    { host: '198.51.100.1', port: 30_671 },
    { host: '172.18.0.3', port: 30_671 },
  ])
  expect(outsideAddresses(onNodes, 80, nodes)).toEqual([])
})

test('at most as many nodes are named as the Link may hold', () => {
  const many = Array.from({ length: 40 }, (_, n) => node(['InternalIP', `10.0.0.${n}`]))
  expect(outsideAddresses(onNodes, 5671, many)).toHaveLength(16)
})

test('a Service inside the cluster has no address outside', () => {
  const inside: Service = { metadata: {}, spec: { type: 'ClusterIP', ports } }
  expect([balanced, onNodes, inside, { metadata: {} }].map(isOutside)).toEqual([true, true, false, false])
  expect(outsideAddresses(inside, 5671, [node(['InternalIP', '172.18.0.3'])])).toEqual([])
})
