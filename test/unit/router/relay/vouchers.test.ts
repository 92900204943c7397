/** Which flows over relays are believed: only as the ingress router opened them, only here, only now, only once. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { FlowRequest, RelayedWay } from '../../../../src/amqp/flow-transport.ts'
import { Snapshot } from '../../../../src/core/snapshot.ts'
import { readCertificates, type TrustAnchors } from '../../../../src/pki/chain.ts'
import { Signer, SigningContext } from '../../../../src/pki/signatures.ts'
import { MAX_OPENERS, MAX_SEEN_OPENINGS, MAX_VOUCHER_AGE_MS } from '../../../../src/router/relay/limits.ts'
import type { RelayedRequest } from '../../../../src/router/relay/relay.ts'
import { SeenOpenings } from '../../../../src/router/relay/seen-openings.ts'
import { vouchedBytes } from '../../../../src/router/relay/voucher.ts'
import { Vouchers } from '../../../../src/router/relay/vouchers.ts'
import { onward } from '../../../../src/router/relay/way.ts'
import { TestClusterset } from '../../../support/clusterset.ts'
import { REQUEST } from '../../../support/connection-pair.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { flowRequest } from '../../../support/flow-request-arbitraries.ts'
import { credentialsIn } from '../../../support/signed-origins.ts'

const id = (letter: string) => letter.repeat(32)

let set: TestClusterset
let anchors: Snapshot<TrustAnchors>
let clock: FakeClock
let west: Vouchers
let east: Vouchers

beforeAll(async () => {
  set = await TestClusterset.create()
  anchors = new Snapshot<TrustAnchors>({ clusterset: 'test-set', roots: readCertificates(set.root.certPem) })
})

afterAll(async () => {
  await set[Symbol.asyncDispose]()
})

beforeEach(async () => {
  clock = new FakeClock(Date.now())
  west = await vouchersOf('west')
  east = await vouchersOf('east')
})

async function vouchersOf(cluster: string, role: 'router' | 'controller' = 'router'): Promise<Vouchers> {
  const signer = new Signer(await credentialsIn(await set.tlsDir(cluster, role)))
  return new Vouchers({ clock, anchors, signer })
}

const WAY: RelayedWay = {
  path: [id('1'), id('2')],
  travelled: [],
  cluster: 'east',
  origin: { cluster: 'west', router: id('a'), name: 'west/router' },
}
const FLOW: FlowRequest = {
  ...REQUEST,
  client: {
    address: '10.244.0.9',
    port: 40_000,
    namespace: 'shop',
    pod: 'cart-0',
    serviceAccount: 'cart',
    globalAddress: '242.1.0.9',
  },
  destination: { address: '10.96.0.7', port: 80 },
  resumable: { token: id('7'), graceMs: 30_000, at: { received: 5, ended: false } },
}

/** As it arrives at the last router of the path. */
function arrived(request: FlowRequest = FLOW, by = west): RelayedRequest {
  return { ...request, relay: onward(by.vouch(request, WAY)) }
}

const causeOf = (request: RelayedRequest) => east.verify(request)?.cause

test('a flow is believed as it was opened, over whatever relays it came', () => {
  expect(causeOf(arrived())).toBeUndefined()
  const { relay, ...request } = arrived()
  const detour = { ...relay, travelled: [id('8'), id('9')] }
  expect(causeOf({ ...request, relay: detour })).toBeUndefined()
})

test.each<[string, Partial<FlowRequest>]>([
  ['another service', { service: 'shop/vault' }],
  ['another port', { port: 81 }],
  ['another protocol', { protocol: 'UDP' }],
  ['an endpoint', { endpoint: 'web-0' }],
  ['another client address', { client: { ...FLOW.client, address: '10.244.0.8' } }],
  ['another client port', { client: { ...FLOW.client, port: 1 } }],
  ['another namespace', { client: { ...FLOW.client, namespace: 'bank' } }],
  ['another pod', { client: { ...FLOW.client, pod: 'cart-1' } }],
  ['another service account', { client: { ...FLOW.client, serviceAccount: 'admin' } }],
  ['another global address', { client: { ...FLOW.client, globalAddress: '242.1.0.1' } }],
  ['a client without names', { client: { address: '10.244.0.9', port: 40_000 } }],
  ['another destination', { destination: { address: '10.96.0.8', port: 80 } }],
  ['another port of the destination', { destination: { address: '10.96.0.7', port: 81 } }],
  ['another token', { resumable: { token: id('8'), graceMs: 30_000 } }],
  ['another time of grace', { resumable: { token: id('7'), graceMs: 1 } }],
  ['another position', { resumable: { token: id('7'), graceMs: 30_000, at: { received: 6, ended: false } } }],
  ['a new flow of the token', { resumable: { token: id('7'), graceMs: 30_000 } }],
])('a flow to which a relay gave %s is refused', (_what, change) => {
  expect(causeOf({ ...arrived(), ...change })).toBe('forged')
})

test.each<[string, Partial<RelayedWay>]>([
  ['another router of its cluster', { origin: { ...WAY.origin, router: id('b') } }],
  ['another name of its router', { origin: { ...WAY.origin, name: 'west/other' } }],
  ['another origin', { origin: { ...WAY.origin, cluster: 'north' } }],
  ['another destination', { cluster: 'north' }],
  ['another router of the destination', { path: [id('3')] }],
])('a way to which a relay gave %s is refused', (_what, change) => {
  const { relay, ...request } = arrived()
  expect(causeOf({ ...request, relay: { ...relay, ...change } })).toBe('forged')
})

test('the parts of a voucher cannot be changed or left out', () => {
  const { relay, ...request } = arrived()
  const { voucher, ...bare } = relay
  if (voucher === undefined) throw new Error('not signed')
  expect(causeOf({ ...request, relay: bare })).toBe('unsigned')
  const changes = [
    { time: voucher.time + 1 },
    { number: 99 },
    { value: arrived().relay.voucher?.value ?? '' },
  ]
  for (const change of changes)
    expect(causeOf({ ...request, relay: { ...bare, voucher: { ...voucher, ...change } } })).toBe('forged')
  for (const chain of [[], ['AAAA'], [...voucher.chain, ...voucher.chain, ...voucher.chain]])
    expect(['signer', 'forged']).toContain(
      causeOf({ ...request, relay: { ...bare, voucher: { ...voucher, chain } } }),
    )
})

test('only routers of the cluster that the flow comes from may vouch for it', async () => {
  expect(causeOf(arrived(FLOW, await vouchersOf('relay')))).toBe('signer')
  expect(causeOf(arrived(FLOW, await vouchersOf('west', 'controller')))).toBe('signer')
})

test('what a router signed of its records vouches for no flow', async () => {
  const signer = new Signer(await credentialsIn(await set.tlsDir('west')))
  const [time, number] = [clock.now(), 1]
  const way = { clusterset: 'test-set', ...WAY, router: id('2'), time, number }
  const signature = signer.sign(SigningContext.origin, vouchedBytes(FLOW, way))
  const relay = { ...onward(WAY), voucher: { time, number, ...signature } }
  expect(causeOf({ ...FLOW, relay })).toBe('forged')
})

test('an opening holds once, whoever brings it, and the next of the same router holds too', () => {
  const first = arrived()
  const second = arrived()
  expect([causeOf(second), causeOf(first)]).toEqual([undefined, undefined])
  expect([causeOf(first), causeOf(second)]).toEqual(['replayed', 'replayed'])
  expect(causeOf(arrived())).toBeUndefined()
})

test('what was altered does not spoil what is right', () => {
  const right = arrived()
  expect(causeOf({ ...right, port: 81 })).toBe('forged')
  expect(causeOf(right)).toBeUndefined()
})

test('an opening is good for a while, and clocks may differ by as much', async () => {
  const [early, late] = [arrived(), arrived()]
  await clock.advance(MAX_VOUCHER_AGE_MS)
  expect(causeOf(early)).toBeUndefined()
  await clock.advance(1)
  expect(causeOf(late)).toBe('late')
  const ahead = new Vouchers({
    clock: { now: () => clock.now() + MAX_VOUCHER_AGE_MS + 1 },
    anchors,
    signer: new Signer(await credentialsIn(await set.tlsDir('west'))),
  })
  expect(causeOf(arrived(FLOW, ahead))).toBe('late')
})

test('whatever is asked for, the voucher holds for that and for nothing else', () => {
  fc.assert(
    fc.property(flowRequest, flowRequest, ({ relay: _, ...one }, { relay: __, ...other }) => {
      const way = { clusterset: 'set', ...WAY, router: id('2'), time: 1, number: 1 }
      const isSame = JSON.stringify(sorted(one)) === JSON.stringify(sorted(other))
      expect(vouchedBytes(one, way).equals(vouchedBytes(other, way))).toBe(isSame)
      expect(causeOf(arrived(one))).toBeUndefined()
    }),
    { numRuns: 200 },
  )
})

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, each]) => [name, sorted(each)])
}

test('openings that come in any order are each taken once', () => {
  const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 10_000 }), { maxLength: MAX_SEEN_OPENINGS })
  fc.assert(
    fc.property(numbers, (list) => {
      const seen = new SeenOpenings()
      expect(list.every((number) => seen.take('west', 'r', number))).toBe(true)
      expect(list.some((number) => seen.take('west', 'r', number))).toBe(false)
    }),
    { numRuns: 30 },
  )
})

test('what is too far behind to be remembered is not taken', () => {
  const seen = new SeenOpenings()
  for (let number = 10; number < 10 + MAX_SEEN_OPENINGS + 5; number += 1) seen.take('west', 'r', number)
  expect(seen.take('west', 'r', 10)).toBe(false)
  expect(seen.take('west', 'r', 14)).toBe(false)
  expect(seen.take('west', 'r', 3)).toBe(false)
})

test('one cluster with as many routers as it likes makes us forget none of another', () => {
  const seen = new SeenOpenings()
  expect(seen.take('west', 'r', 1)).toBe(true)
  for (let index = 0; index < 3 * MAX_OPENERS; index += 1) seen.take('evil', `r${index}`, 1)
  expect(seen.take('west', 'r', 1)).toBe(false)
})
