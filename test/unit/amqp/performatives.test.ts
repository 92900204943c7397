import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Encoder } from '../../../src/amqp/codec/encoder.ts'
import { emptyFrame, encodeFrame, protocolHeader, protocolOf } from '../../../src/amqp/codec/frame.ts'
import { decodePerformative, encodePerformative } from '../../../src/amqp/codec/performative-codec.ts'
import type { Performative } from '../../../src/amqp/codec/performatives.ts'
import { decodeSasl, encodeSasl, type SaslFrame } from '../../../src/amqp/codec/sasl.ts'
import { TRANSFER_HEADER_SIZE, TransferHead, writeTransferHeader } from '../../../src/amqp/codec/transfer.ts'
import { performative, transfer } from '../../support/amqp-arbitraries.ts'

function encoded(value: Performative): Buffer {
  const encoder = new Encoder()
  encodePerformative(encoder, value)
  return Buffer.from(encoder.bytes)
}

test('every performative decodes to what was encoded', () => {
  fc.assert(
    fc.property(performative, (value) => {
      const bytes = encoded(value)
      expect(decodePerformative(bytes)).toEqual({ performative: value, payload: bytes.length })
    }),
    { numRuns: 500 },
  )
})

test('the hot path reads every transfer as the general codec does', () => {
  fc.assert(
    fc.property(transfer, fc.uint8Array(), (value, payload) => {
      const body = Buffer.concat([encoded(value), payload])
      const head = new TransferHead()
      expect(head.read(body, 0, body.length)).toBe(body.length - payload.length)
      expect({ ...pick(head) }).toEqual({
        handle: value.handle,
        deliveryId: value.deliveryId ?? -1,
        settled: value.settled ?? false,
        more: value.more ?? false,
        aborted: value.aborted ?? false,
      })
    }),
  )
})

function pick({ handle, deliveryId, settled, more, aborted }: TransferHead) {
  return { handle, deliveryId, settled, more, aborted }
}

test('the header the hot path writes is a transfer with one data section to the general codec', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0xffff }),
      fc.integer({ min: 0, max: 0xffff_ffff }),
      fc.integer({ min: 0, max: 0xffff_ffff }),
      fc.integer({ min: 0, max: 1_000_000 }),
      (channel, handle, deliveryId, size) => {
        const bytes = Buffer.alloc(TRANSFER_HEADER_SIZE)
        writeTransferHeader(bytes, 0, channel, handle, deliveryId, size)
        expect(bytes.readUInt32BE(0)).toBe(TRANSFER_HEADER_SIZE + size)
        expect([bytes[4], bytes[5], bytes.readUInt16BE(6)]).toEqual([2, 0, channel])
        const { performative: decoded, payload } = decodePerformative(bytes.subarray(8))
        expect(decoded).toMatchObject({
          kind: 'transfer',
          handle,
          deliveryId,
          settled: true,
          messageFormat: 0,
        })
        expect(bytes.subarray(8 + payload).toString('hex')).toBe(
          `005375b0${size.toString(16).padStart(8, '0')}`,
        )
      },
    ),
  )
})

describe('frames', () => {
  test('a performative in a frame carries its size, offset, type and channel', () => {
    const frame = encodeFrame(new Encoder(), 7, { kind: 'end' })
    expect(frame.toString('hex')).toBe('0000000e' + '02000007' + '005317' + 'c00100')
  })

  test('a heartbeat is an empty frame', () => {
    expect(emptyFrame().toString('hex')).toBe('0000000802000000')
  })

  test('protocol headers of other versions are not ours', () => {
    expect(protocolOf(protocolHeader(3))).toBe(3)
    expect(protocolOf(Buffer.from('AMQP\x00\x00\x09\x01', 'latin1'))).toBeUndefined()
  })
})

test.each<SaslFrame>([
  { kind: 'mechanisms', mechanisms: ['EXTERNAL', 'ANONYMOUS'] },
  { kind: 'init', mechanism: 'EXTERNAL', initialResponse: Buffer.from('x'), hostname: 'h' },
  { kind: 'challenge', data: Buffer.from('c') },
  { kind: 'response', data: Buffer.from('r') },
  { kind: 'outcome', code: 1 },
])('SASL $kind decodes to what was encoded', (frame) => {
  const encoder = new Encoder()
  encodeSasl(encoder, frame)
  expect(decodeSasl(Buffer.from(encoder.bytes))).toEqual(frame)
})

describe('malformed performatives are refused with decode-error', () => {
  test.each<[string, string]>([
    ['no descriptor', '45'],
    ['an unknown descriptor', '00 53 7f 45'],
    ['a list that is a map', '00 53 17 c1 01 00'],
    ['a begin without windows', '00 53 11 c0 01 00'],
    ['an attach whose handle is text', '00 53 12 c0 06 02 a1 01 61 a1 00'],
    ['a detach whose error is a list without descriptor', '00 53 16 c0 04 03 43 41 45'],
    [
      'properties with a key twice',
      '00 53 10 c0 15 0a a1 00 40 40 40 40 40 40 40 40 c1 07 04 a3 01 61 40 a3 01 61 40',
    ],
    ['a symbolic descriptor', '00 a3 01 61 45'],
  ])('%s', (_name, hex) => {
    expect(() => decodePerformative(Buffer.from(hex.replaceAll(' ', ''), 'hex'))).toThrow(
      expect.objectContaining({ condition: 'amqp:decode-error' }),
    )
  })
})
