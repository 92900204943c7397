import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { FrameGuard } from '../../../src/link/frame-guard.ts'
import { MAX_CONTROL_FRAME } from '../../../src/link/limits.ts'

const HEADER = Buffer.from('AMQP\u0000\u0001\u0000\u0000', 'latin1')

/** A frame around a body. */
function frame(body: Buffer, { size = body.length + 8, doff = 2, type = 0 } = {}): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt32BE(size, 0)
  header.writeUInt8(doff, 4)
  header.writeUInt8(type, 5)
  return Buffer.concat([header, body])
}

/** A list of small values with a performative's descriptor. */
function performative(code: number, fields: readonly Buffer[]): Buffer {
  const items = Buffer.concat(fields)
  return Buffer.concat([Buffer.from([0x00, 0x53, code, 0xc0, items.length + 1, fields.length]), items])
}

const NULL = Buffer.from([0x40])
const TRUE = Buffer.from([0x41])
const uint = (value: number) => {
  const bytes = Buffer.alloc(5, 0x70)
  bytes.writeUInt32BE(value, 1)
  return bytes
}
const text = Buffer.from([0xa1, 1, 0x61])
const open = (maxFrame: Buffer, idle: Buffer) => frame(performative(0x10, [text, NULL, maxFrame, NULL, idle]))
const BEGIN = frame(performative(0x11, [NULL, uint(0), uint(10), uint(10)]))
const ATTACH = frame(performative(0x12, [text, uint(0), TRUE]))
const transfer = (more: Buffer, payload = Buffer.alloc(0)) =>
  frame(Buffer.concat([performative(0x14, [uint(0), uint(0), NULL, NULL, NULL, more]), payload]))
const disposition = (first: number, last: number) =>
  frame(performative(0x15, [TRUE, uint(first), uint(last)]))

const guarded =
  (...frames: Buffer[]) =>
  () =>
    new FrameGuard().push(Buffer.concat([HEADER, ...frames]))

test('what a good peer sends passes unchanged, however it is cut', () => {
  const stream = Buffer.concat([
    HEADER,
    open(NULL, uint(10_000)),
    frame(Buffer.alloc(0)),
    BEGIN,
    ATTACH,
    transfer(NULL),
  ])
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (cuts) => {
      const guard = new FrameGuard()
      const out: Buffer[] = []
      for (let at = 0, turn = 0; at < stream.length; turn += 1) {
        const size = cuts[turn % cuts.length] ?? 1
        out.push(guard.push(stream.subarray(at, at + size)))
        at += size
      }
      expect(Buffer.concat(out)).toEqual(stream)
    }),
  )
})

test('a frame is passed on only when it is whole', () => {
  const guard = new FrameGuard()
  expect(guard.push(HEADER)).toEqual(HEADER)
  expect(guard.push(BEGIN.subarray(0, BEGIN.length - 1))).toHaveLength(0)
  expect(guard.push(BEGIN.subarray(BEGIN.length - 1))).toEqual(BEGIN)
})

test.each<[string, () => unknown]>([
  ['another protocol', () => new FrameGuard().push(Buffer.from('GET / HTTP/1.1'))],
  ['the first wrong byte of a header', () => new FrameGuard().push(Buffer.from('AMX'))],
  [
    'a security layer that nobody needs here',
    () => new FrameGuard().push(Buffer.from('AMQP\u0003\u0001\u0000\u0000', 'latin1')),
  ],
  ['a frame shorter than its header', guarded(frame(Buffer.alloc(0), { size: 7 }))],
  ['a frame of gigabytes, before its bytes come', guarded(frame(Buffer.alloc(0), { size: 0xffff_ffff }))],
  ['a frame one byte over the limit', guarded(frame(Buffer.alloc(0), { size: MAX_CONTROL_FRAME + 1 }))],
  ['a body that starts inside the header', guarded(frame(Buffer.alloc(8), { doff: 1 }))],
  ['a body that starts behind the frame', guarded(frame(Buffer.alloc(8), { doff: 200 }))],
  ['a SASL frame', guarded(frame(Buffer.alloc(0), { type: 1 }))],
  ['a body that is no performative', guarded(frame(TRUE))],
  ['an unknown performative', guarded(frame(performative(0x30, [])))],
  ['a list that is cut short', guarded(frame(Buffer.from([0x00, 0x53, 0x11, 0xc0, 50, 1, 0x40])))],
  [
    'an array of a billion nothings',
    guarded(frame(Buffer.from([0x00, 0x53, 0x11, 0xf0, 0, 0, 0, 5, 0x3f, 0xff, 0xff, 0xff, 0x40]))),
  ],
  ['a second session', guarded(BEGIN, BEGIN)],
  ['a third link', guarded(ATTACH, ATTACH, ATTACH)],
  ['a frame size so small that we would send for ever', guarded(open(uint(51), NULL))],
  ['an idle time-out of a millisecond', guarded(open(NULL, uint(1)))],
  ['a message that goes on in the next frame', guarded(transfer(TRUE))],
  ['a message whose payload is not AMQP', guarded(transfer(NULL, Buffer.from([0xff, 0xff])))],
  ['a disposition of all deliveries there can be', guarded(disposition(0, 0xffff_ffff))],
])('%s is refused', (_what, push) => {
  expect(push).toThrow(expect.objectContaining({ code: 'violation' }))
})
