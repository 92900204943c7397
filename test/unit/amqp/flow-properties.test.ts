/** What a flow's attaches say about client, destination and resumption: everything comes back, nothing wrong gets in. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Decoder } from '../../../src/amqp/codec/decoder.ts'
import { encodeProperties } from '../../../src/amqp/codec/encode-value.ts'
import { Encoder } from '../../../src/amqp/codec/encoder.ts'
import {
  type AmqpValue,
  asText,
  type Properties,
  string,
  uint,
  ulong,
} from '../../../src/amqp/codec/value.ts'
import { positionOf, positionProperties } from '../../../src/amqp/engine/resume-properties.ts'
import { addressOf, propertiesOf, requestOf } from '../../../src/amqp/engine/service-address.ts'
import {
  MAX_HOPS,
  MAX_RESUME_GRACE_MS,
  MAX_ROUTER_NAME_LENGTH,
  MAX_VOUCHER_CERTIFICATE,
  MAX_VOUCHER_SIGNATURE,
} from '../../../src/amqp/limits.ts'
import { connectionPair, handlerOf, REQUEST, until } from '../../support/connection-pair.ts'
import { flowRequest, position } from '../../support/flow-request-arbitraries.ts'
import { ADDRESS, RawPeer } from '../../support/raw-peer.ts'

/** What arrives at the other end of the wire. */
function sent(properties: Properties): Properties {
  const encoder = new Encoder()
  encodeProperties(encoder, properties)
  const value = new Decoder(Buffer.from(encoder.bytes)).value()
  if (value.type !== 'map') throw new Error('not a map')
  return new Map(value.value.map(([key, item]) => [asText(key) ?? '', item]))
}

test('every request comes back from the address and properties it was written into', () => {
  fc.assert(
    fc.property(flowRequest, (request) => {
      expect(requestOf(addressOf(request), sent(propertiesOf(request)))).toEqual(request)
    }),
  )
})

test('every position comes back from the properties it was written into', () => {
  fc.assert(
    fc.property(position, (at) => {
      expect(positionOf(sent(positionProperties(at)))).toEqual(at)
    }),
  )
})

test.each([
  '/services/demo/web/tcp/80/endpoints/',
  '/services/demo/web/tcp/80/endpoints/a.b',
  '/services/demo/web/tcp/80/endpoints/web-0/more',
  `/services/demo/web/tcp/80/endpoints/${'a'.repeat(64)}`,
  '/services/demo/web/tcp/80/hosts/web-0',
  '/services/demo/web/endpoints/web-0',
])('%s is no address of an endpoint', (address) => {
  expect(() => requestOf(address, new Map())).toThrow(
    expect.objectContaining({ condition: 'amqp:not-found' }),
  )
})

const ROUTER = '0123456789abcdef'.repeat(2)
const WAY: Readonly<Record<string, AmqpValue>> = {
  'relay-path': string(`${ROUTER},${'f'.repeat(32)}`),
  'relay-cluster': string('east'),
  'origin-cluster': string('west'),
  'origin-router': string('a'.repeat(32)),
  'origin-name': string('west/router-0'),
}
const RELAYED = '/relayed/services/demo/web/tcp/80'

/** The way `WAY` with some of it changed or, where undefined, left out. */
function wayWith(changes: Readonly<Record<string, AmqpValue | undefined>>): Properties {
  const entries = Object.entries({ ...WAY, ...changes })
  return new Map(
    entries.flatMap(([key, value]) => (value === undefined ? [] : [[`fairlead:${key}`, value] as const])),
  )
}

const VOUCHER: Readonly<Record<string, AmqpValue>> = {
  'voucher-time': ulong(1_700_000_000_000),
  'voucher-number': ulong(7),
  'voucher-chain': string('AAAA,BBBB'),
  'voucher-signature': string('c2lnbg=='),
}

test('a voucher is read with the way it is for', () => {
  expect(requestOf(RELAYED, wayWith(VOUCHER)).relay?.voucher).toEqual({
    time: 1_700_000_000_000,
    number: 7,
    chain: ['AAAA', 'BBBB'],
    value: 'c2lnbg==',
  })
})

test.each<[string, Record<string, AmqpValue | undefined>]>([
  ['no time', { 'voucher-time': undefined }],
  ['a time that is text', { 'voucher-time': string('now') }],
  ['no number', { 'voucher-number': undefined }],
  ['a number beyond 2^53', { 'voucher-number': ulong(2n ** 53n) }],
  ['no chain', { 'voucher-chain': undefined }],
  ['an empty chain', { 'voucher-chain': string('') }],
  ['a chain with a hole', { 'voucher-chain': string('AAAA,') }],
  ['a chain of PEM', { 'voucher-chain': string('-----BEGIN CERTIFICATE-----') }],
  ['a chain of more than there may be', { 'voucher-chain': string('AAAA,AAAA,AAAA') }],
  [
    'a certificate as long as one likes',
    { 'voucher-chain': string('A'.repeat(MAX_VOUCHER_CERTIFICATE + 1)) },
  ],
  ['a signature that is none', { 'voucher-signature': string('???') }],
  [
    'a signature as long as one likes',
    { 'voucher-signature': string('A'.repeat(MAX_VOUCHER_SIGNATURE + 1)) },
  ],
])('a flow whose voucher has %s is refused', (_name, changes) => {
  expect(() => requestOf(RELAYED, wayWith({ ...VOUCHER, ...changes }))).toThrow(
    expect.objectContaining({ condition: 'amqp:invalid-field', scope: 'link' }),
  )
})

test('a way over relays is read whole', () => {
  const { relay } = requestOf(RELAYED, wayWith({ 'relay-travelled': string('e'.repeat(32)) }))
  expect(relay).toEqual({
    path: [ROUTER, 'f'.repeat(32)],
    travelled: ['e'.repeat(32)],
    cluster: 'east',
    origin: { cluster: 'west', router: 'a'.repeat(32), name: 'west/router-0' },
  })
})

test.each<[string, Record<string, AmqpValue | undefined>]>([
  ['an empty path', { 'relay-path': string('') }],
  ['a path with an empty id', { 'relay-path': string(`${ROUTER},,${ROUTER}`) }],
  ['a path that ends with a comma', { 'relay-path': string(`${ROUTER},`) }],
  ['an id in upper case', { 'relay-path': string(ROUTER.toUpperCase()) }],
  ['an id of 31 digits', { 'relay-path': string(ROUTER.slice(1)) }],
  [
    'a path of more hops than there may be',
    {
      'relay-path': string(
        Array(MAX_HOPS + 1)
          .fill(ROUTER)
          .join(),
      ),
    },
  ],
  ['a path that is no text', { 'relay-path': uint(7) }],
  ['travelled routers that are none', { 'relay-travelled': string('west') }],
  ['no cluster', { 'relay-cluster': undefined }],
  ['a cluster that is no label', { 'relay-cluster': string('a.b') }],
  ['no cluster of the origin', { 'origin-cluster': undefined }],
  ['an origin in upper case', { 'origin-cluster': string('West') }],
  ['no router of the origin', { 'origin-router': undefined }],
  ['a router of the origin that is none', { 'origin-router': string('router-0') }],
  ['no name of the origin', { 'origin-name': undefined }],
  ['a name with a blank', { 'origin-name': string('west/router 0') }],
  ['a name as long as one likes', { 'origin-name': string('a'.repeat(MAX_ROUTER_NAME_LENGTH + 1)) }],
])('a relayed flow is refused with %s', (_name, changes) => {
  expect(() => requestOf(RELAYED, wayWith(changes))).toThrow(
    expect.objectContaining({ condition: 'amqp:invalid-field', scope: 'link' }),
  )
})

test('address and properties must agree that a flow is relayed', () => {
  const invalid = expect.objectContaining({ condition: 'amqp:invalid-field' })
  expect(() => requestOf('/services/demo/web/tcp/80', wayWith({}))).toThrow(invalid)
  expect(() => requestOf(RELAYED, new Map())).toThrow(invalid)
})

test('a direct flow says nothing of relays', () => {
  const keys = [...propertiesOf(REQUEST).keys()]
  expect(keys).toEqual(['fairlead:client-address', 'fairlead:client-port'])
  expect(addressOf(REQUEST)).toBe('/services/demo/hello/tcp/8080')
})

const TOKEN = string('0123456789abcdef0123456789abcdef')
const GRACE = uint(30_000)
const text = (value: number): AmqpValue => string('a'.repeat(value))

describe('a flow is refused and its connection stays', () => {
  test.each<[string, Record<string, AmqpValue>]>([
    ['a token of another length', { 'resume-token': string('abc'), 'resume-grace': GRACE }],
    ['a token in upper case', { 'resume-token': string('A'.repeat(32)), 'resume-grace': GRACE }],
    ['a token that is no text', { 'resume-token': uint(7), 'resume-grace': GRACE }],
    ['a token without grace', { 'resume-token': TOKEN }],
    ['a grace without token', { 'resume-grace': GRACE }],
    ['a grace beyond the most', { 'resume-token': TOKEN, 'resume-grace': uint(MAX_RESUME_GRACE_MS + 1) }],
    ['a grace below zero', { 'resume-token': TOKEN, 'resume-grace': { type: 'int', value: -1 } }],
    ['a position without token', { 'resume-received': ulong(1), 'resume-ended': flag(false) }],
    ['half a position', { 'resume-token': TOKEN, 'resume-grace': GRACE, 'resume-received': ulong(1) }],
    ['the other half', { 'resume-token': TOKEN, 'resume-grace': GRACE, 'resume-ended': flag(true) }],
    [
      'a position beyond 2^53',
      {
        'resume-token': TOKEN,
        'resume-grace': GRACE,
        'resume-received': ulong(2n ** 53n),
        'resume-ended': flag(true),
      },
    ],
    [
      'an end that is no boolean',
      {
        'resume-token': TOKEN,
        'resume-grace': GRACE,
        'resume-received': ulong(1),
        'resume-ended': uint(1),
      },
    ],
    ['a client address that is none', { 'client-address': string('localhost') }],
    ['a client address as long as one likes', { 'client-address': text(10_000) }],
    ['a client port beyond 65535', { 'client-port': uint(65_536) }],
    ['a namespace with a dot', { 'client-namespace': string('a.b') }],
    ['a namespace of 64 letters', { 'client-namespace': text(64) }],
    ['a pod name of 254 letters', { 'client-pod': text(254) }],
    ['a pod name with an empty label', { 'client-pod': string('a..b') }],
    ['a service account in upper case', { 'client-service-account': string('Default') }],
    ['a global address of IPv6', { 'client-global-address': string('fd00::1') }],
    ['a global address with a prefix', { 'client-global-address': string('242.0.0.1/8') }],
    ['a global address with a number too many', { 'client-global-address': string('242.0.0.1.2') }],
    ['a global address that readers take for octal', { 'client-global-address': string('242.0.0.010') }],
    ['an empty global address', { 'client-global-address': string('') }],
    ['a global address as long as one likes', { 'client-global-address': text(10_000) }],
    ['a global address that is a number', { 'client-global-address': uint(242) }],
    ['a destination without port', { 'destination-address': string('10.96.0.1') }],
    ['a destination without address', { 'destination-port': uint(80) }],
    ['a destination that is a name', { 'destination-address': string('db'), 'destination-port': uint(80) }],
  ])('%s', async (_name, properties) => {
    const entries = Object.entries(properties).map(([key, value]) => [`fairlead:${key}`, value] as const)
    const peer = new RawPeer().hello().attach('f', 0, { properties: new Map(entries) })
    expect((await peer.hear('detach')).error?.condition).toBe('amqp:invalid-field')
    expect([peer.closed, peer.connection.openFlows]).toEqual([undefined, 0])
  })

  test('an answer with half a position', async () => {
    const peer = new RawPeer().hello({ properties: new Map([['fairlead:version', uint(2)]]) })
    await peer.hear('begin')
    const told: string[] = []
    const onReset = ({ condition }: { condition: string }) => void told.push(condition)
    peer.connection.open(REQUEST, () => handlerOf({ onReset }))
    const attach = await peer.hear('attach')
    const target = { kind: 'target', address: ADDRESS } as const
    const properties = new Map([['fairlead:resume-received', ulong(5)]])
    peer.say({ kind: 'attach', name: attach.name, handle: 0, role: 'receiver', target, properties })
    await until(() => told.length > 0)
    expect([told, peer.closed]).toEqual([['amqp:invalid-field'], undefined])
  })
})

test('the position an acceptor tells reaches the opener, and none is told when it tells none', async () => {
  const told: unknown[] = []
  const { west } = connectionPair({
    acceptEast: ({ port }, channel) => {
      if (port === 1) channel.accept({ received: 2 ** 40, ended: true })
      else channel.accept()
      return handlerOf()
    },
  })
  for (const port of [1, 2]) {
    west.open({ ...REQUEST, port }, () => handlerOf({ onAccept: (at) => void told.push(at) }))
  }
  await until(() => told.length === 2)
  expect(told).toEqual([{ received: 2 ** 40, ended: true }, undefined])
})

describe('the instance of a process', () => {
  const instance = 'f'.repeat(32)

  test('is told in open, and known to the peer', async () => {
    const { west, east } = connectionPair({ west: { instance } })
    await until(() => west.peer !== undefined && east.peer !== undefined)
    expect([east.peer?.instance, west.peer?.instance]).toEqual([instance, undefined])
  })

  test('closes the connection when it is not 32 hex digits', async () => {
    const peer = new RawPeer().hello({ properties: new Map([['fairlead:instance', string('x')]]) })
    expect((await peer.hear('close')).error?.condition).toBe('amqp:invalid-field')
  })
})

function flag(value: boolean): AmqpValue {
  return { type: 'boolean', value }
}
