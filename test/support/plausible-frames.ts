/** Frames that are well-formed and mean something, right or wrong: what a peer that is broken or hostile may say. */
import fc from 'fast-check'
import type { Performative } from '../../src/amqp/codec/performatives.ts'
import { type AmqpValue, type Properties, string, uint, ulong } from '../../src/amqp/codec/value.ts'
import { performative } from './amqp-arbitraries.ts'

/** One frame: `payload` is for transfers only. */
export interface PlausibleFrame {
  readonly performative: Performative
  readonly channel: number
  readonly payload: Buffer
}

/** Bytes that look like AMQP: constructors and descriptors are frequent. */
export const likelyBytes: fc.Arbitrary<Buffer> = fc
  .array(
    fc.oneof(
      fc.constantFrom(0x00, 0x53, 0x80, 0x40, 0x41, 0x43, 0x45, 0xa0, 0xa1, 0xa3, 0xb0, 0xc0, 0xc1, 0xd0),
      fc.constantFrom(0xd1, 0xe0, 0xf0),
      fc.integer({ min: 0x10, max: 0x18 }),
      fc.integer({ min: 0x70, max: 0x78 }),
      fc.nat(255),
    ),
    { maxLength: 120 },
  )
  .map((array) => Buffer.from(array))

/** Numbers that are likely to mean something. */
const small = fc.oneof(fc.nat(5), fc.constantFrom(31, 32, 0xffff, 0xffff_ffff))

const offset = fc
  .oneof(fc.nat(9000), fc.constantFrom(65_536, 2 ** 31, Number.MAX_SAFE_INTEGER))
  .map((value): AmqpValue => ulong(value))
const flag = fc.boolean().map((value): AmqpValue => ({ type: 'boolean', value }))
const wrong = fc.constantFrom<AmqpValue>(
  string(''),
  string('x'.repeat(300)),
  ulong(2n ** 63n),
  { type: 'int', value: -1 },
  { type: 'null', value: null },
)

/** Some of our properties; each is wrong now and then. */
function properties(values: Record<string, fc.Arbitrary<AmqpValue>>): fc.Arbitrary<Properties | undefined> {
  const entries = Object.entries(values).map(([key, value]) =>
    fc.tuple(fc.constant(`fairlead:${key}`), fc.oneof({ arbitrary: value, weight: 9 }, wrong)),
  )
  const some = fc.shuffledSubarray(entries).chain((chosen) => fc.tuple(...chosen))
  return fc.option(
    some.map((pairs) => new Map(pairs)),
    { nil: undefined },
  )
}

const attachProperties = properties({
  'client-address': fc.constantFrom(string('10.0.0.1'), string('::1')),
  'client-port': fc.nat(65_535).map(uint),
  'client-namespace': fc.constant(string('demo')),
  'client-pod': fc.constant(string('web-0')),
  'destination-address': fc.constant(string('10.96.0.1')),
  'destination-port': fc.constant(uint(80)),
  'resume-token': fc.constantFrom(string('a'.repeat(32)), string('b'.repeat(32))),
  'resume-grace': fc.constant(uint(30_000)),
  'resume-received': offset,
  'resume-ended': flag,
})

const flowProperties = properties({ limit: offset, consumed: offset, draining: flag, echoed: flag })

/** `protocols` are those of the addresses. */
const attach = fc.constantFrom('tcp', 'udp').chain((protocol) => {
  const address = `/services/demo/hello/${protocol}/8080`
  return fc.record({
    kind: fc.constant('attach' as const),
    name: fc.constantFrom('f/o', 'f/i', 'g/o', 'g/i', 'a1/o', 'a1/i', 'x'),
    handle: small,
    role: fc.constantFrom('sender' as const, 'receiver' as const),
    source: fc.constant({ kind: 'source', address } as const),
    target: fc.constant({ kind: 'target', address } as const),
    initialDeliveryCount: small,
    maxMessageSize: fc.option(small, { nil: undefined }),
    properties: attachProperties,
  })
})

const transfer = fc.record({
  kind: fc.constant('transfer' as const),
  handle: small,
  deliveryId: fc.option(small, { nil: undefined }),
  settled: fc.boolean(),
  more: fc.boolean(),
  aborted: fc.boolean(),
})

const flow = fc.record({
  kind: fc.constant('flow' as const),
  nextIncomingId: small,
  incomingWindow: small,
  nextOutgoingId: small,
  outgoingWindow: small,
  handle: fc.option(small, { nil: undefined }),
  deliveryCount: small,
  linkCredit: small,
  drain: fc.boolean(),
  echo: fc.boolean(),
  properties: flowProperties,
})

/** Any such frame. */
export const plausibleFrame: fc.Arbitrary<PlausibleFrame> = fc.record({
  channel: fc.constantFrom(0, 0, 0, 0, 0, 1, 40),
  payload: fc.oneof(
    fc.constant(Buffer.alloc(0)),
    fc.constant(Buffer.from('005375a00568656c6c6f', 'hex')),
    likelyBytes,
  ),
  performative: fc.oneof(
    performative,
    { arbitrary: attach, weight: 3 },
    { arbitrary: transfer, weight: 3 },
    { arbitrary: flow, weight: 3 },
    fc.record({ kind: fc.constant('detach' as const), handle: small, closed: fc.boolean() }),
    fc.constant({ kind: 'end' as const }),
    fc.constant({ kind: 'begin' as const, nextOutgoingId: 0, incomingWindow: 100, outgoingWindow: 100 }),
  ),
})
