import { expect, test } from '@jest/globals'
import type { ListenerSpec } from '../../../src/api/route-snapshot.ts'
import { DEFAULT_TRAFFIC } from '../../../src/api/traffic-settings.ts'
import { Snapshot } from '../../../src/core/snapshot.ts'
import { acceptMs, IngressRequests } from '../../../src/router/ingress-requests.ts'
import { ECHO, exportingNothing } from '../../support/routes.ts'

const pod = { namespace: 'shop', pod: 'web-0', serviceAccount: 'web' }
const spec: ListenerSpec = { service: ECHO, protocol: 'TCP', port: 80, listenPort: 0, addresses: [] }
const requests = new IngressRequests(
  {
    snapshot: new Snapshot(exportingNothing),
    clients: { find: (address) => (address === '10.1.0.5' ? pod : undefined) },
  },
  'west',
)

test('a request names the pod behind the client, when one is known', () => {
  const { client } = requests.requestOf(spec, { address: '10.1.0.5', port: 4 })
  expect(client).toEqual({ address: '10.1.0.5', port: 4, ...pod })
  expect(requests.requestOf(spec, { address: '10.1.0.6', port: 4 })).toEqual({
    service: ECHO,
    protocol: 'TCP',
    port: 80,
    client: { address: '10.1.0.6', port: 4 },
  })
})

test('a client that is no pod has a global address when its cluster has one for such', () => {
  const clients = {
    find: (address: string) => (address === '10.1.0.5' ? pod : undefined),
    globalAddressOf: (address: string) => (address === '10.0.0.1' ? '242.7.0.9' : undefined),
  }
  const west = new IngressRequests({ snapshot: new Snapshot(exportingNothing), clients }, 'west')
  const clientAt = (address: string) => west.requestOf(spec, { address, port: 4 }).client
  expect(clientAt('10.1.0.5')).toEqual({ address: '10.1.0.5', port: 4, ...pod })
  expect(clientAt('::ffff:10.0.0.1')).toEqual({ address: '10.0.0.1', port: 4, globalAddress: '242.7.0.9' })
  expect(clientAt('10.0.0.2')).toEqual({ address: '10.0.0.2', port: 4 })
})

test('a port of one endpoint asks for that endpoint', () => {
  const one = { ...spec, endpoint: { cluster: 'east', id: 'web-0' } }
  expect(requests.requestOf(one, { address: '10.1.0.5', port: 4 }).endpoint).toBe('web-0')
})

test('an IPv4 client of a socket for both families is known by its IPv4 address', () => {
  const { client } = requests.requestOf(spec, { address: '::ffff:10.1.0.5', port: 4 })
  expect(client).toMatchObject({ address: '10.1.0.5', pod: 'web-0' })
})

test.each([
  ['10.1.0.5', ['fd00::7', '10.96.0.7'], '10.96.0.7'],
  ['fd00::5', ['10.96.0.7', 'fd00::7'], 'fd00::7'],
  ['fd00::5', ['10.96.0.7'], '10.96.0.7'],
])('client %s of a service at %p named %s', (address, addresses, named) => {
  const { destination } = requests.requestOf({ ...spec, addresses }, { address, port: 4 })
  expect(destination).toEqual({ address: named, port: 80 })
})

test('a client is given as long as all attempts and the wait for a link take', () => {
  expect(acceptMs({ ...DEFAULT_TRAFFIC, connectMs: 1000, retries: 2 })).toBe(5000)
})
