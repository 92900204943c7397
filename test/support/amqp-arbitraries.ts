/** Arbitrary AMQP values and performatives for property tests. */
import fc from 'fast-check'
import type {
  Attach,
  Begin,
  Close,
  Detach,
  Disposition,
  End,
  ErrorInfo,
  Flow,
  Open,
  Performative,
  Terminus,
  Transfer,
} from '../../src/amqp/codec/performatives.ts'
import type { AmqpArray, AmqpValue, Properties } from '../../src/amqp/codec/value.ts'

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff })
const uint16 = fc.integer({ min: 0, max: 0xffff })
const text = fc.string({ unit: 'grapheme', maxLength: 300 })
const symbol = fc.string({ unit: 'grapheme-ascii', maxLength: 300 })
const bytes = (min: number, max = min) =>
  fc.uint8Array({ minLength: min, maxLength: max }).map((array) => Buffer.from(array))

type Scalar = Exclude<AmqpValue, { type: 'list' | 'map' | 'array' | 'described' }>

/** One generator for each scalar type, so that arrays can use it. */
const SCALARS = {
  null: fc.constant({ type: 'null', value: null }),
  boolean: fc.boolean().map((value) => ({ type: 'boolean', value })),
  ubyte: fc.integer({ min: 0, max: 0xff }).map((value) => ({ type: 'ubyte', value })),
  ushort: uint16.map((value) => ({ type: 'ushort', value })),
  uint: fc.oneof(uint32, fc.integer({ min: 0, max: 256 })).map((value) => ({ type: 'uint', value })),
  byte: fc.integer({ min: -128, max: 127 }).map((value) => ({ type: 'byte', value })),
  short: fc.integer({ min: -32_768, max: 32_767 }).map((value) => ({ type: 'short', value })),
  int: fc.oneof(fc.integer(), fc.integer({ min: -130, max: 130 })).map((value) => ({ type: 'int', value })),
  float: fc.float({ noNaN: true }).map((value) => ({ type: 'float', value })),
  double: fc.double({ noNaN: true }).map((value) => ({ type: 'double', value })),
  char: fc.integer({ min: 0, max: 0x10ffff }).map((value) => ({ type: 'char', value })),
  ulong: fc
    .oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 256n }))
    .map((value) => ({ type: 'ulong', value })),
  long: fc
    .oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -130n, max: 130n }))
    .map((value) => ({ type: 'long', value })),
  timestamp: fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .map((value) => ({ type: 'timestamp', value })),
  uuid: bytes(16).map((value) => ({ type: 'uuid', value })),
  decimal32: bytes(4).map((value) => ({ type: 'decimal32', value })),
  decimal64: bytes(8).map((value) => ({ type: 'decimal64', value })),
  decimal128: bytes(16).map((value) => ({ type: 'decimal128', value })),
  binary: bytes(0, 300).map((value) => ({ type: 'binary', value })),
  string: text.map((value) => ({ type: 'string', value })),
  symbol: symbol.map((value) => ({ type: 'symbol', value })),
} as Record<Scalar['type'], fc.Arbitrary<Scalar>>

const SCALAR_TYPES = Object.keys(SCALARS) as Scalar['type'][]

const scalar: fc.Arbitrary<AmqpValue> = fc.oneof(...Object.values(SCALARS))

const scalarArray: fc.Arbitrary<AmqpArray> = fc.constantFrom(...SCALAR_TYPES).chain((of) =>
  fc.record({
    type: fc.constant('array' as const),
    of: fc.constant(of),
    value: fc.array(SCALARS[of], { maxLength: 8 }),
  }),
)

/** Any AMQP value, nested a few levels. */
export const amqpValue: fc.Arbitrary<AmqpValue> = fc.letrec<{ value: AmqpValue; list: AmqpValue }>((tie) => {
  const described = fc.tuple(SCALARS.ulong, tie('value'))
  const describedItems = fc.tuple(SCALARS.symbol, fc.array(SCALARS.uint, { maxLength: 3 }))
  const choices: fc.Arbitrary<AmqpValue>[] = [
    scalar,
    tie('list'),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map((value) => ({ type: 'map', value })),
    scalarArray,
    fc.array(tie('list'), { maxLength: 3 }).map((value) => ({ type: 'array', of: 'list', value })),
    describedItems.map(([descriptor, value]) => ({ type: 'array', of: 'uint', descriptor, value })),
    described.map(([descriptor, value]) => ({ type: 'described', descriptor, value })),
  ]
  return {
    list: fc.array(tie('value'), { maxLength: 5 }).map((value): AmqpValue => ({ type: 'list', value })),
    value: fc.oneof({ maxDepth: 3 }, ...choices),
  }
}).value

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const uint = optional(uint32)
const flag = optional(fc.boolean())
const ulongNumber = optional(fc.maxSafeNat())

const properties: fc.Arbitrary<Properties | undefined> = optional(
  fc
    .uniqueArray(fc.tuple(symbol, scalar), { maxLength: 4, selector: ([key]) => key })
    .map((entries) => new Map(entries)),
)

const error: fc.Arbitrary<ErrorInfo | undefined> = optional(
  fc.record({ condition: symbol, description: optional(text) }),
)

const terminus = (kind: 'source' | 'target'): fc.Arbitrary<Terminus | undefined> =>
  optional(
    fc.record({
      kind: fc.constant(kind),
      address: optional(text),
      dynamic: fc.constantFrom(undefined, true),
    }),
  )

const role = fc.constantFrom('sender' as const, 'receiver' as const)
const settleMode = optional(fc.integer({ min: 0, max: 2 }))
const symbols = optional(fc.array(symbol, { minLength: 1, maxLength: 3 }))

const open: fc.Arbitrary<Open> = fc.record({
  kind: fc.constant('open'),
  containerId: text,
  hostname: optional(text),
  maxFrameSize: uint,
  channelMax: optional(uint16),
  idleTimeOut: uint,
  offeredCapabilities: symbols,
  desiredCapabilities: symbols,
  properties,
})

const begin: fc.Arbitrary<Begin> = fc.record({
  kind: fc.constant('begin'),
  remoteChannel: optional(uint16),
  nextOutgoingId: uint32,
  incomingWindow: uint32,
  outgoingWindow: uint32,
  handleMax: uint,
  properties,
})

const attach: fc.Arbitrary<Attach> = fc.record({
  kind: fc.constant('attach'),
  name: text,
  handle: uint32,
  role,
  sndSettleMode: settleMode,
  rcvSettleMode: settleMode,
  source: terminus('source'),
  target: terminus('target'),
  initialDeliveryCount: uint,
  maxMessageSize: ulongNumber,
  properties,
})

const flow: fc.Arbitrary<Flow> = fc.record({
  kind: fc.constant('flow'),
  nextIncomingId: uint,
  incomingWindow: uint32,
  nextOutgoingId: uint32,
  outgoingWindow: uint32,
  handle: uint,
  deliveryCount: uint,
  linkCredit: uint,
  available: uint,
  drain: flag,
  echo: flag,
  properties,
})

/** Any transfer. */
export const transfer: fc.Arbitrary<Transfer> = fc.record({
  kind: fc.constant('transfer'),
  handle: uint32,
  deliveryId: uint,
  deliveryTag: optional(bytes(0, 32)),
  messageFormat: uint,
  settled: flag,
  more: flag,
  resume: flag,
  aborted: flag,
})

const disposition: fc.Arbitrary<Disposition> = fc.record({
  kind: fc.constant('disposition'),
  role,
  first: uint32,
  last: uint,
  settled: flag,
  state: fc.constantFrom(undefined, 'accepted', 'rejected', 'released', 'modified'),
})

const detach: fc.Arbitrary<Detach> = fc.record({
  kind: fc.constant('detach'),
  handle: uint32,
  closed: flag,
  error,
})

const end: fc.Arbitrary<End> = fc.record({ kind: fc.constant('end'), error })
const close: fc.Arbitrary<Close> = fc.record({ kind: fc.constant('close'), error })

/** Any performative but transfer. */
export const controlPerformative: fc.Arbitrary<Performative> = fc.oneof(
  open,
  begin,
  attach,
  flow,
  disposition,
  detach,
  end,
  close,
)

/** Any performative. */
export const performative: fc.Arbitrary<Performative> = fc.oneof(controlPerformative, transfer)

/** Cuts bytes at arbitrary places: sizes are taken in turn, again and again. */
export function cutAt(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? bytes.length)
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  return pieces
}
