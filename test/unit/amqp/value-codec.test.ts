import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Decoder } from '../../../src/amqp/codec/decoder.ts'
import { encodeValue } from '../../../src/amqp/codec/encode-value.ts'
import { Encoder } from '../../../src/amqp/codec/encoder.ts'
import { type AmqpValue, NULL, string, uint, ulong } from '../../../src/amqp/codec/value.ts'
import { MAX_VALUE_DEPTH, MAX_VALUES_PER_FRAME } from '../../../src/amqp/limits.ts'
import { amqpValue } from '../../support/amqp-arbitraries.ts'

function encoded(value: AmqpValue): Buffer {
  const encoder = new Encoder()
  encodeValue(encoder, value)
  return Buffer.from(encoder.bytes)
}

function decoded(hex: string): AmqpValue {
  return new Decoder(Buffer.from(hex.replaceAll(' ', ''), 'hex')).value()
}

test('every value decodes to what was encoded, and leaves no bytes over', () => {
  fc.assert(
    fc.property(amqpValue, (value) => {
      const decoder = new Decoder(encoded(value))
      expect(decoder.value()).toEqual(value)
      expect(decoder.remaining).toBe(0)
    }),
    { numRuns: 500 },
  )
})

test('a value cut short anywhere is refused', () => {
  fc.assert(
    fc.property(amqpValue, fc.nat(), (value, cut) => {
      const bytes = encoded(value)
      expect(() => new Decoder(bytes.subarray(0, cut % bytes.length)).value()).toThrow()
    }),
  )
})

describe('encodings of the standard, section 1.6', () => {
  test.each<[string, string, AmqpValue]>([
    ['null', '40', NULL],
    ['true', '41', { type: 'boolean', value: true }],
    ['false as an octet', '56 00', { type: 'boolean', value: false }],
    ['true as an octet', '56 01', { type: 'boolean', value: true }],
    ['ubyte', '50 ff', { type: 'ubyte', value: 255 }],
    ['ushort', '60 ffff', { type: 'ushort', value: 65535 }],
    ['uint0', '43', uint(0)],
    ['smalluint', '52 80', uint(128)],
    ['uint', '70 80000000', uint(2 ** 31)],
    ['ulong0', '44', ulong(0)],
    ['smallulong', '53 10', ulong(16)],
    ['ulong', '80 ffffffffffffffff', ulong(2n ** 64n - 1n)],
    ['byte', '51 80', { type: 'byte', value: -128 }],
    ['short', '61 8000', { type: 'short', value: -32768 }],
    ['smallint', '54 ff', { type: 'int', value: -1 }],
    ['int', '71 80000000', { type: 'int', value: -(2 ** 31) }],
    ['smalllong', '55 80', { type: 'long', value: -128n }],
    ['long', '81 8000000000000000', { type: 'long', value: -(2n ** 63n) }],
    ['float', '72 3f800000', { type: 'float', value: 1 }],
    ['double', '82 3ff0000000000000', { type: 'double', value: 1 }],
    ['decimal32', '74 01020304', { type: 'decimal32', value: Buffer.from('01020304', 'hex') }],
    ['char', '73 0001f6a2', { type: 'char', value: 0x1f6a2 }],
    ['timestamp', '83 0000000000000001', { type: 'timestamp', value: 1n }],
    ['uuid', `98 ${'0f'.repeat(16)}`, { type: 'uuid', value: Buffer.alloc(16, 15) }],
    ['vbin8', 'a0 02 dead', { type: 'binary', value: Buffer.from('dead', 'hex') }],
    ['vbin32', 'b0 00000001 ff', { type: 'binary', value: Buffer.from('ff', 'hex') }],
    ['str8', 'a1 02 c3a9', string('é')],
    ['str32', 'b1 00000001 61', string('a')],
    ['sym8', 'a3 01 61', { type: 'symbol', value: 'a' }],
    ['sym32', 'b3 00000001 61', { type: 'symbol', value: 'a' }],
    ['list0', '45', { type: 'list', value: [] }],
    ['list8', 'c0 03 02 40 41', { type: 'list', value: [NULL, { type: 'boolean', value: true }] }],
    ['list32', 'd0 00000005 00000001 43', { type: 'list', value: [uint(0)] }],
    ['map8', 'c1 03 02 43 40', { type: 'map', value: [[uint(0), NULL]] }],
    ['map32', 'd1 00000006 00000002 43 40', { type: 'map', value: [[uint(0), NULL]] }],
    [
      'array8',
      'e0 04 02 50 01 02',
      {
        type: 'array',
        of: 'ubyte',
        value: [
          { type: 'ubyte', value: 1 },
          { type: 'ubyte', value: 2 },
        ],
      },
    ],
    ['array32', 'f0 00000006 00000001 52 07', { type: 'array', of: 'uint', value: [uint(7)] }],
    [
      'array of compact symbols',
      'e0 05 02 a3 00 01 61',
      {
        type: 'array',
        of: 'symbol',
        value: [
          { type: 'symbol', value: '' },
          { type: 'symbol', value: 'a' },
        ],
      },
    ],
    [
      'described',
      '00 53 24 45',
      { type: 'described', descriptor: ulong(0x24), value: { type: 'list', value: [] } },
    ],
  ])('%s decodes', (_name, hex, value) => {
    expect(decoded(hex)).toEqual(value)
  })

  test('the shortest form is chosen', () => {
    const lengths = [uint(0), uint(255), uint(256), ulong(0), ulong(255), ulong(256), string('a')].map(
      (value) => encoded(value).length,
    )
    expect(lengths).toEqual([1, 2, 5, 1, 2, 9, 3])
  })
})

describe('hostile bytes are refused', () => {
  test.each<[string, string]>([
    ['an unknown constructor', '59 00'],
    ['a boolean octet of 2', '56 02'],
    ['a char beyond Unicode', '73 00110000'],
    ['a string that is not UTF-8', 'a1 01 ff'],
    ['a symbol that is not ASCII', 'a3 01 ff'],
    ['a map with an odd count', 'c1 02 01 40'],
    ['a list longer than its bytes', 'c0 ff 01 40'],
    ['a list with fewer values than its size', 'c0 03 01 40 40'],
    ['a list with more values than its size', 'c0 02 02 40 40'],
    ['a binary of 4 GiB', 'b0 ffffffff 00'],
  ])('%s: decode-error', (_name, hex) => {
    expect(() => decoded(hex)).toThrow(expect.objectContaining({ condition: 'amqp:decode-error' }))
  })

  test('an array of a billion nulls: resource-limit-exceeded', () => {
    expect(() => decoded('f0 00000005 3b9aca00 40')).toThrow(
      expect.objectContaining({ condition: 'amqp:resource-limit-exceeded' }),
    )
  })

  test('lists nested deeper than the limit: resource-limit-exceeded', () => {
    let bytes = Buffer.from('45', 'hex')
    for (let depth = 0; depth <= MAX_VALUE_DEPTH; depth += 1) {
      bytes = Buffer.concat([Buffer.from([0xc0, bytes.length + 1, 1]), bytes])
    }
    expect(() => new Decoder(bytes).value()).toThrow(
      expect.objectContaining({ condition: 'amqp:resource-limit-exceeded' }),
    )
  })

  test('descriptors nested without end: resource-limit-exceeded', () => {
    expect(() => new Decoder(Buffer.alloc(100_000)).value()).toThrow(
      expect.objectContaining({ condition: 'amqp:resource-limit-exceeded' }),
    )
  })

  test('more values than the limit: resource-limit-exceeded', () => {
    const nulls = Buffer.alloc(MAX_VALUES_PER_FRAME + 1, 0x40)
    const header = Buffer.from('d00000000000000000', 'hex')
    header.writeUInt32BE(nulls.length + 4, 1)
    header.writeUInt32BE(nulls.length, 5)
    expect(() => new Decoder(Buffer.concat([header, nulls])).value()).toThrow(
      expect.objectContaining({ condition: 'amqp:resource-limit-exceeded' }),
    )
  })
})

test('values are whole wherever the buffer of the encoder has to grow', () => {
  const values: AmqpValue[] = [
    ulong(2n ** 60n),
    uint(2 ** 31),
    { type: 'ushort', value: 4_097 },
    { type: 'double', value: 0.1 },
    { type: 'float', value: 0.5 },
    { type: 'binary', value: Buffer.from('sixteen bytes it') },
    string('x'.repeat(100)),
  ]
  for (const value of values) {
    for (let before = 980; before <= 1_030; before += 1) {
      const encoder = new Encoder()
      encoder.raw(Buffer.alloc(before))
      encodeValue(encoder, value)
      expect(new Decoder(Buffer.from(encoder.bytes.subarray(before))).value()).toEqual(value)
    }
  }
})
