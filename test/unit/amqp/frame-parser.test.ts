import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Encoder } from '../../../src/amqp/codec/encoder.ts'
import { encodeFrame, protocolHeader } from '../../../src/amqp/codec/frame.ts'
import { FrameParser, type FrameSink } from '../../../src/amqp/codec/frame-parser.ts'
import type { Performative } from '../../../src/amqp/codec/performatives.ts'
import { MAX_CONTROL_FRAME_SIZE } from '../../../src/amqp/limits.ts'
import { controlPerformative, cutAt, transfer } from '../../support/amqp-arbitraries.ts'

const MAX_FRAME = 128 * 1024

/** Writes down what the parser reports; pieces of payload are joined. */
class Recorder implements FrameSink {
  readonly events: string[] = []
  #payload: Buffer[] = []

  onProtocolHeader(header: Buffer): void {
    this.events.push(`header ${header.toString('hex')}`)
  }

  onFrame(type: number, channel: number, body: Buffer): void {
    this.events.push(`frame ${type} ${channel} ${body.toString('hex')}`)
  }

  onTransfer(channel: number, head: { handle: number; deliveryId: number }): void {
    this.#payload = []
    this.events.push(`transfer ${channel} ${head.handle} ${head.deliveryId}`)
  }

  onPayload(chunk: Buffer): void {
    this.#payload.push(Buffer.from(chunk))
  }

  onTransferEnd(): void {
    this.events.push(`payload ${Buffer.concat(this.#payload).toString('hex')}`)
  }
}

function parse(pieces: readonly Buffer[]): string[] {
  const recorder = new Recorder()
  const parser = new FrameParser(recorder, MAX_FRAME)
  for (const piece of pieces) parser.push(piece)
  return recorder.events
}

function frameOf(channel: number, performative: Performative, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const frame = Buffer.concat([encodeFrame(new Encoder(), channel, performative), payload])
  frame.writeUInt32BE(frame.length, 0)
  return frame
}

/** A frame with `words` extra words in its header. */
function extended(frame: Buffer, words: number): Buffer {
  const wide = Buffer.concat([frame.subarray(0, 8), Buffer.alloc(words * 4, 0xee), frame.subarray(8)])
  wide.writeUInt32BE(wide.length, 0)
  wide.writeUInt8(2 + words, 4)
  return wide
}

const anyFrame = fc.oneof(
  fc.tuple(fc.nat(7), controlPerformative).map(([channel, value]) => frameOf(channel, value)),
  fc
    .tuple(fc.nat(7), transfer, fc.uint8Array({ maxLength: 200 }))
    .map(([channel, value, payload]) => frameOf(channel, value, payload)),
  fc.constant(Buffer.from('0000000802000000', 'hex')),
)

test('the same frames come out however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(anyFrame, fc.nat(2)), { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
      (frames, sizes) => {
        const stream = Buffer.concat([
          protocolHeader(0),
          ...frames.map(([frame, words]) => extended(frame, words)),
        ])
        const whole = parse([stream])
        expect(parse(cutAt(stream, sizes))).toEqual(whole)
        expect(parse(cutAt(stream, [1]))).toEqual(whole)
      },
    ),
  )
})

test('payload is handed out before its frame is whole, as a view of the read buffer', () => {
  const recorder = new Recorder()
  const seen: Buffer[] = []
  recorder.onPayload = (chunk) => void seen.push(chunk)
  const parser = new FrameParser(recorder, MAX_FRAME)
  const frame = frameOf(0, { kind: 'transfer', handle: 1, deliveryId: 1 }, Buffer.alloc(50_000, 7))
  parser.push(protocolHeader(0))
  const first = frame.subarray(0, 20_000)
  parser.push(first)
  expect(seen.reduce((sum, chunk) => sum + chunk.length, 0)).toBeGreaterThan(19_900)
  expect(seen.at(-1)?.buffer).toBe(first.buffer)
})

describe('broken framing', () => {
  const push = (hex: string) => () => parse([protocolHeader(0), Buffer.from(hex.replaceAll(' ', ''), 'hex')])

  test.each([
    ['a size below the header', '00000007 02000000'],
    ['a data offset below 2', '00000008 01000000'],
    ['a data offset beyond the frame', '0000000c 04000000'],
    ['a frame above the announced maximum', '00020001 02000000'],
    ['an unknown frame type', '00000008 02070000'],
  ])('%s: framing-error', (_name, hex) => {
    expect(push(hex)).toThrow(expect.objectContaining({ condition: 'amqp:connection:framing-error' }))
  })

  test('a control frame above its limit is refused before it is kept', () => {
    const header = Buffer.from('00000000 02000000'.replaceAll(' ', ''), 'hex')
    header.writeUInt32BE(MAX_CONTROL_FRAME_SIZE + 9, 0)
    const start = Buffer.concat([header, Buffer.from('005312', 'hex'), Buffer.alloc(13)])
    expect(() => parse([protocolHeader(0), start])).toThrow(
      expect.objectContaining({ condition: 'amqp:resource-limit-exceeded' }),
    )
  })

  test('a transfer whose performative is longer than its frame: framing-error', () => {
    const header = Buffer.from('00000100 02000000'.replaceAll(' ', ''), 'hex')
    const start = Buffer.concat([header, Buffer.from('005314d000000200', 'hex'), Buffer.alloc(8)])
    expect(() => parse([protocolHeader(0), start])).toThrow(
      expect.objectContaining({ condition: 'amqp:connection:framing-error' }),
    )
  })
})
