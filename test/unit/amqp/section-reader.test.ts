import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { encodeValue } from '../../../src/amqp/codec/encode-value.ts'
import { Encoder } from '../../../src/amqp/codec/encoder.ts'
import { SectionReader } from '../../../src/amqp/codec/section-reader.ts'
import { type AmqpValue, string, ulong } from '../../../src/amqp/codec/value.ts'
import { cutAt } from '../../support/amqp-arbitraries.ts'

function section(code: number, value: AmqpValue): Buffer {
  const encoder = new Encoder()
  encodeValue(encoder, { type: 'described', descriptor: ulong(code), value })
  return Buffer.from(encoder.bytes)
}

const list = (...value: AmqpValue[]): AmqpValue => ({ type: 'list', value })
const map: AmqpValue = { type: 'map', value: [[string('k'), string('v'.repeat(300))]] }
const data = (bytes: Uint8Array) => section(0x75, { type: 'binary', value: Buffer.from(bytes) })

/** What a client library sends around its data. */
const BEFORE = [
  section(0x70, list()),
  section(0x71, map),
  section(0x72, map),
  section(0x73, list(string('id'))),
  section(0x74, map),
]
const AFTER = section(0x78, map)

function read(pieces: readonly Buffer[]) {
  const chunks: Buffer[] = []
  const reader = new SectionReader({ onBody: (chunk) => void chunks.push(chunk) })
  let error: unknown
  for (const piece of pieces) error ??= reader.push(piece)
  error ??= reader.finish()
  return { bytes: Buffer.concat(chunks), error }
}

test('data sections come out whole and all others are passed over, however the message is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }),
      fc.boolean(),
      (bodies, sizes, framed) => {
        const sections = bodies.map(data)
        const message = Buffer.concat(framed ? [...BEFORE, ...sections, AFTER] : sections)
        const { bytes, error } = read(cutAt(message, sizes))
        expect(error).toBeUndefined()
        expect(bytes).toEqual(Buffer.concat(bodies))
      },
    ),
  )
})

test('a long descriptor and a long size are understood', () => {
  expect(read([Buffer.from('00800000000000000075b000000002dead', 'hex')]).bytes.toString('hex')).toBe('dead')
})

describe('refused', () => {
  test.each([
    ['an amqp-value body', section(0x77, string('x')), 'amqp:not-implemented'],
    ['an amqp-sequence body', section(0x76, list()), 'amqp:not-implemented'],
    ['a data section that is a string', section(0x75, string('x')), 'amqp:decode-error'],
    ['a section of no known code', section(0x99, list()), 'amqp:decode-error'],
    ['bytes that are no section', Buffer.from('deadbeef', 'hex'), 'amqp:decode-error'],
    ['a message that ends inside a section', data(Buffer.alloc(9)).subarray(0, 8), 'amqp:decode-error'],
  ])('%s', (_name, message, condition) => {
    expect(read([message]).error).toMatchObject({ condition, scope: 'link' })
  })
})
