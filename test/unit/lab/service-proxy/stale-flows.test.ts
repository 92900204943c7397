/** UDP flows that have to be forgotten after a change. */
import { expect, test } from '@jest/globals'
import type { VirtualPort } from '../../../../src/lab/service-proxy/service-table.ts'
import { conntrackArguments, staleFlows } from '../../../../src/lab/service-proxy/stale-flows.ts'

const udp = (endpoints: string[], protocol: 'udp' | 'tcp' = 'udp'): VirtualPort => ({
  id: 'demo/x/udp/53',
  family: 'IPv4',
  protocol,
  frontends: [{ address: '10.96.1.1', port: 53 }],
  endpoints: endpoints.map((address) => ({ address, port: 5353 })),
  affinitySeconds: undefined,
})
const one = { address: '10.244.0.1', port: 5353 }
const frontend = { address: '10.96.1.1', port: 53 }

test('flows to endpoints that went are forgotten, those of the others kept', () => {
  expect(staleFlows([udp(['10.244.0.1', '10.244.0.2'])], [udp(['10.244.0.2'])])).toEqual([
    { frontend, endpoint: one },
  ])
})

test('an endpoint that went to another port is another', () => {
  const moved = { ...udp([]), endpoints: [{ ...one, port: 5354 }] }
  expect(staleFlows([udp([one.address])], [moved])).toEqual([{ frontend, endpoint: one }])
})

test('flows of a Service that went are forgotten', () => {
  expect(staleFlows([udp(['10.244.0.1'])], [])).toEqual([{ frontend, endpoint: one }])
})

test('what was sent while there was no endpoint is forgotten when there is one', () => {
  expect(staleFlows([udp([])], [udp(['10.244.0.1'])])).toEqual([{ frontend }])
})

test('TCP connections are left alone', () => {
  expect(staleFlows([udp(['10.244.0.1'], 'tcp')], [])).toEqual([])
})

test('flows of IPv6 are asked for as such', () => {
  expect(conntrackArguments({ frontend: { address: 'fd00:96::5', port: 53 } }).join(' ')).toBe(
    '-D -f ipv6 -p udp -d fd00:96::5 --orig-port-dst 53',
  )
})

test('conntrack is told the frontend and the endpoint', () => {
  expect(conntrackArguments({ frontend, endpoint: one }).join(' ')).toBe(
    '-D -p udp -d 10.96.1.1 --orig-port-dst 53 --reply-src 10.244.0.1 --reply-port-src 5353',
  )
})
