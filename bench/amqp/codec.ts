/** What encoding and decoding cost, without sockets: nanoseconds per frame. */
import { Encoder } from '../../src/amqp/codec/encoder.ts'
import { encodeFrame, protocolHeader } from '../../src/amqp/codec/frame.ts'
import { FrameParser, type FrameSink } from '../../src/amqp/codec/frame-parser.ts'
import { decodePerformative } from '../../src/amqp/codec/performative-codec.ts'
import type { Performative } from '../../src/amqp/codec/performatives.ts'
import { SectionReader } from '../../src/amqp/codec/section-reader.ts'
import { TRANSFER_HEADER_SIZE, writeTransferHeader } from '../../src/amqp/codec/transfer.ts'
import { string, uint, ulong } from '../../src/amqp/codec/value.ts'

const ADDRESS = '/services/demo/hello/tcp/8080'

const ATTACH: Performative = {
  kind: 'attach',
  name: 'd1a/o',
  handle: 17,
  role: 'sender',
  sndSettleMode: 1,
  source: { kind: 'source', address: ADDRESS },
  target: { kind: 'target', address: ADDRESS },
  initialDeliveryCount: 0,
  maxMessageSize: 65_536,
  properties: new Map([
    ['fairlead:client-address', string('10.244.0.7')],
    ['fairlead:client-port', uint(40_000)],
  ]),
}

const FLOW: Performative = {
  kind: 'flow',
  nextIncomingId: 7,
  incomingWindow: 65_536,
  nextOutgoingId: 9,
  outgoingWindow: 0x7fff_ffff,
  handle: 17,
  deliveryCount: 4,
  linkCredit: 0x7fff_ffff,
  properties: new Map([['fairlead:limit', ulong(1_500_000)]]),
}

/** Nanoseconds per call of each case. */
export function codecCases(): Record<string, number> {
  const slab = Buffer.alloc(65_536)
  const encoder = new Encoder()
  const bodyOf = (value: Performative) => Buffer.from(encodeFrame(encoder, 0, value).subarray(8))
  const attach = bodyOf(ATTACH)
  const flow = bodyOf(FLOW)
  return {
    'transfer header, write': time((i) => writeTransferHeader(slab, (i & 1023) * 36, 0, i & 255, i, 64)),
    'transfer of 64 B, read': parsing(64),
    'transfer of 16 KiB, read': parsing(16_384),
    'transfer of 64 KiB in 16 KiB reads, read': parsing(65_536, 16_384),
    'flow, write': time(() => encodeFrame(encoder, 0, FLOW)),
    'flow, read': time(() => decodePerformative(flow)),
    'attach, write': time(() => encodeFrame(encoder, 0, ATTACH)),
    'attach, read': time(() => decodePerformative(attach)),
  }
}

/** Parser and section reader over many transfers of one size, in reads of `read` bytes. */
function parsing(payload: number, read = 65_536): number {
  const frame = Buffer.alloc(TRANSFER_HEADER_SIZE + payload)
  writeTransferHeader(frame, 0, 0, 1, 1, payload)
  const count = Math.max(4, Math.floor(1_000_000 / frame.length))
  const stream = Buffer.concat(Array.from({ length: count }, () => frame))
  const reads: Buffer[] = []
  for (let at = 0; at < stream.length; at += read) reads.push(stream.subarray(at, at + read))
  let bytes = 0
  const sections = new SectionReader({
    onBody: (chunk) => {
      bytes += chunk.length
    },
  })
  const nothing = () => {}
  const sink: FrameSink = {
    onProtocolHeader: nothing,
    onFrame: nothing,
    onTransfer: nothing,
    onPayload: (chunk) => void sections.push(chunk),
    onTransferEnd: () => void sections.finish(),
  }
  const parser = new FrameParser(sink, 131_072)
  parser.push(protocolHeader(0))
  const perPass = time(() => {
    for (const chunk of reads) parser.push(chunk)
  }, 20)
  if (bytes === 0) throw new Error('nothing was parsed')
  return perPass / count
}

/** Nanoseconds per call, after a warm-up, in about 100 ms. */
function time(call: (turn: number) => void, batch = 2000): number {
  const run = (ms: number): number => {
    const start = performance.now()
    let calls = 0
    for (; performance.now() - start < ms; calls += batch) {
      for (let i = 0; i < batch; i += 1) call(calls + i)
    }
    return ((performance.now() - start) * 1e6) / calls
  }
  run(50)
  return run(100)
}
