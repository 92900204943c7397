import { expect, test } from '@jest/globals'
import type { Backend } from '../../../../src/api/route-snapshot.ts'
import { DEFAULT_TRAFFIC, ProxyProtocol } from '../../../../src/api/traffic-settings.ts'
import {
  describeTarget,
  exportedPort,
  requestedTarget,
  targetKey,
  trafficOf,
  usableBackends,
} from '../../../../src/router/endpoints/service-target.ts'
import { ECHO, exportingEcho, exportingNothing } from '../../../support/routes.ts'

const target = { service: ECHO, protocol: 'TCP', port: 80 } as const

function backend(address: string, ready: boolean, serving: boolean): Backend {
  return { address, port: 1, ready, serving }
}

const ready = backend('a', true, true)
const terminating = backend('b', false, true)
const broken = backend('c', false, false)

test.each([
  ['ready ones only, while there is one', [broken, terminating, ready], [ready]],
  ['those that terminate and still answer, when none is ready', [broken, terminating], [terminating]],
  ['none, when none answers', [broken], []],
])('new flows may go to %s', (_, backends, usable) => {
  const port = { protocol: 'TCP', port: 80, backends, proxyProtocol: ProxyProtocol.none } as const
  expect(usableBackends(port)).toEqual(usable)
})

test.each([
  ['the one that is ready', { ...ready, endpoint: 'web-0' }, 1],
  ['no other', { ...ready, endpoint: 'web-1' }, 0],
  ['none that has no name', ready, 0],
  ['none that terminates, whether or not it still answers', { ...terminating, endpoint: 'web-0' }, 0],
])('flows to one endpoint may go to %s', (_, own, usable) => {
  const port = { protocol: 'TCP', port: 80, backends: [own], proxyProtocol: ProxyProtocol.none } as const
  expect(usableBackends(port, { endpoint: { cluster: 'east', id: 'web-0' } })).toHaveLength(usable)
})

test('what a flow asks for names its endpoint', () => {
  const request = { service: ECHO, protocol: 'UDP', port: 53, client: { address: '', port: 0 } } as const
  const [any, one] = [
    requestedTarget('east', request),
    requestedTarget('east', { ...request, endpoint: 'web-0' }),
  ]
  expect([any, one].map(describeTarget)).toEqual(['demo/echo:53/UDP', 'endpoint web-0 of demo/echo:53/UDP'])
  expect([any, one].map(targetKey)).toEqual(['demo/echo|UDP|53', 'demo/echo|UDP|53|east/web-0'])
})

test('a port is exported by service, number and protocol', () => {
  const { exports } = exportingEcho(1)
  expect(exportedPort(exports, target)?.backends).toHaveLength(1)
  expect(exportedPort(exports, { ...target, port: 81 })).toBeUndefined()
  expect(exportedPort(exports, { ...target, protocol: 'UDP' })).toBeUndefined()
  expect(exportedPort(exportingNothing.exports, target)).toBeUndefined()
})

test('a service that no policy targets has the defaults', () => {
  const own = { ...DEFAULT_TRAFFIC, retries: 1 }
  expect(trafficOf({ ...exportingNothing, traffic: new Map([[ECHO, own]]) }, ECHO)).toBe(own)
  expect(trafficOf(exportingNothing, ECHO)).toBe(DEFAULT_TRAFFIC)
})
