/**
 * A connection fed with anything must not throw, must not hang, and must answer or end. Raw bytes, and frames that are
 * well-formed but senseless. FAIRLEAD_FUZZ_RUNS sets how long.
 */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Decoder } from '../../../src/amqp/codec/decoder.ts'
import { protocolHeader } from '../../../src/amqp/codec/frame.ts'
import { FrameParser } from '../../../src/amqp/codec/frame-parser.ts'
import { decodePerformative } from '../../../src/amqp/codec/performative-codec.ts'
import type { Performative } from '../../../src/amqp/codec/performatives.ts'
import { decodeSasl } from '../../../src/amqp/codec/sasl.ts'
import { SectionReader } from '../../../src/amqp/codec/section-reader.ts'
import { AmqpError } from '../../../src/amqp/errors.ts'
import { cutAt, performative } from '../../support/amqp-arbitraries.ts'
import { echo, until } from '../../support/connection-pair.ts'
import { ADDRESS, frameOf, RawPeer } from '../../support/raw-peer.ts'

const RUNS = Number(process.env['FAIRLEAD_FUZZ_RUNS'] ?? 300)

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array))

/** Bytes that look like AMQP: constructors and descriptors are frequent. */
const likely = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        0x00,
        0x53,
        0x80,
        0x40,
        0x41,
        0x43,
        0x45,
        0xa0,
        0xa1,
        0xa3,
        0xb0,
        0xc0,
        0xc1,
        0xd0,
        0xd1,
        0xe0,
        0xf0,
      ),
      fc.integer({ min: 0x10, max: 0x18 }),
      fc.integer({ min: 0x70, max: 0x78 }),
      fc.nat(255),
    ),
    { maxLength: 120 },
  )
  .map((array) => Buffer.from(array))

/** Only AmqpError may come out. */
function onlyAmqpErrors(work: () => void): void {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(AmqpError)
  }
}

test('decoders of values, performatives and SASL refuse or read any bytes', () => {
  fc.assert(
    fc.property(fc.oneof(bytes(200), likely), (input) => {
      onlyAmqpErrors(() => new Decoder(input).value())
      onlyAmqpErrors(() => decodePerformative(input))
      onlyAmqpErrors(() => decodeSasl(input))
      const sections = new SectionReader({ onBody: () => {} })
      sections.push(input)
      sections.finish()
    }),
    { numRuns: RUNS * 20 },
  )
})

test('the parser refuses or cuts any bytes, in any pieces', () => {
  const nothing = () => {}
  const sink = {
    onProtocolHeader: nothing,
    onFrame: nothing,
    onTransfer: nothing,
    onPayload: nothing,
    onTransferEnd: nothing,
  }
  const anyFrame = fc
    .tuple(fc.oneof(bytes(60), likely), fc.integer({ min: -2, max: 2 }))
    .map(([body, error]) => {
      const header = Buffer.from('0000000002000000', 'hex')
      header.writeUInt32BE(Math.max(0, 8 + body.length + error), 0)
      return Buffer.concat([header, body])
    })
  fc.assert(
    fc.property(
      fc.array(anyFrame, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
      (frames, sizes) => {
        onlyAmqpErrors(() => {
          const parser = new FrameParser(sink, 4096)
          for (const piece of cutAt(Buffer.concat([protocolHeader(0), ...frames]), sizes)) parser.push(piece)
        })
      },
    ),
    { numRuns: RUNS * 10 },
  )
})

/** Numbers that are likely to mean something. */
const small = fc.oneof(fc.nat(5), fc.constantFrom(31, 32, 0xffff, 0xffff_ffff))

const plausible: fc.Arbitrary<{ performative: Performative; channel: number; payload: Buffer }> = fc.record({
  channel: fc.constantFrom(0, 0, 0, 1, 40),
  payload: fc.oneof(
    fc.constant(Buffer.alloc(0)),
    fc.constant(Buffer.from('005375a00568656c6c6f', 'hex')),
    likely,
  ),
  performative: fc.oneof(
    performative,
    fc.record({
      kind: fc.constant('attach' as const),
      name: fc.constantFrom('f/o', 'f/i', 'g/o', 'g/i', 'a1/o', 'a1/i', 'x'),
      handle: small,
      role: fc.constantFrom('sender' as const, 'receiver' as const),
      source: fc.constant({ kind: 'source', address: ADDRESS } as const),
      target: fc.constant({ kind: 'target', address: ADDRESS } as const),
      initialDeliveryCount: small,
    }),
    fc.record({
      kind: fc.constant('transfer' as const),
      handle: small,
      deliveryId: fc.option(small, { nil: undefined }),
      settled: fc.boolean(),
      more: fc.boolean(),
      aborted: fc.boolean(),
    }),
    fc.record({
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
    }),
    fc.record({ kind: fc.constant('detach' as const), handle: small, closed: fc.boolean() }),
    fc.constant({ kind: 'end' as const }),
    fc.constant({ kind: 'begin' as const, nextOutgoingId: 0, incomingWindow: 100, outgoingWindow: 100 }),
  ),
})

test('a connection survives any sequence of well-formed frames, or closes with an error', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(plausible, { minLength: 1, maxLength: 30 }),
      fc.boolean(),
      async (frames, ours) => {
        const properties = new Map([['fairlead:version', { type: 'uint', value: ours ? 2 : 9 } as const]])
        const errors: unknown[] = []
        const logger = {
          debug: () => {},
          info: () => {},
          warn: () => {},
          error: (fields: unknown) => void errors.push(fields),
          child: () => logger,
        }
        const peer = new RawPeer(echo, { maxFlows: 16 }, logger).hello({ properties })
        const channel = peer.connection.open(
          { service: 'demo/hello', protocol: 'TCP', port: 1, client: { address: '', port: 0 } },
          () => ({
            onAccept: () => {},
            onData: (chunk) => channel.consumed(chunk.length),
            onEnd: () => {},
            onReset: () => {},
            onDrain: () => {},
            onAcked: () => {},
            onClosed: () => {},
          }),
        )
        channel.write(Buffer.alloc(5000))
        for (const { performative: one, channel: on, payload } of frames) {
          peer.bytes(frameOf(one, on, one.kind === 'transfer' ? payload : Buffer.alloc(0)))
        }
        peer.say({ kind: 'close' })
        await until(() => peer.ended)
        expect(peer.closed).toBeDefined()
        expect([errors, peer.connection.openFlows]).toEqual([[], 0])
      },
    ),
    { numRuns: RUNS },
  )
}, 120_000)

test('a connection fed with raw bytes closes and ends', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(bytes(300), likely), fc.boolean(), async (input, afterOpen) => {
      const peer = new RawPeer()
      if (afterOpen) peer.hello()
      peer.bytes(input)
      peer.stream.end()
      await until(() => peer.closed !== undefined)
      expect(peer.connection.usable).toBe(false)
    }),
    { numRuns: RUNS },
  )
}, 120_000)
