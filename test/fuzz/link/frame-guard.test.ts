/** Random bytes against the two places where bytes of a control connection are first read. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { FrameGuard } from '../../../src/link/frame-guard.ts'
import { MAX_CONTROL_FRAME } from '../../../src/link/limits.ts'
import { alternativeNamesIdentity } from '../../../src/pki/identity.ts'
import { FUZZ_TIMEOUT_MS, fuzzFor } from '../../support/fuzz-budget.ts'

const HEADER = Buffer.from('AMQP\u0000\u0001\u0000\u0000', 'latin1')
const PROPERTIES = 2

/** A frame with a true length and a random body: gets past the first checks. */
const frames = fc.uint8Array({ maxLength: 200 }).map((body) => {
  const header = Buffer.alloc(8)
  header.writeUInt32BE(body.length + 8, 0)
  header.writeUInt8(2, 4)
  return Buffer.concat([header, body])
})

const performatives = fc
  .record({ code: fc.integer({ min: 0x0f, max: 0x19 }), body: fc.uint8Array({ maxLength: 100 }) })
  .map(({ code, body }) => {
    const header = Buffer.alloc(8)
    header.writeUInt32BE(body.length + 14, 0)
    header.writeUInt8(2, 4)
    return Buffer.concat([header, Buffer.from([0x00, 0x53, code, 0xc0, body.length + 1, 3]), body])
  })

const streams = fc.oneof(
  fc.uint8Array({ maxLength: 500 }).map((bytes) => [Buffer.from(bytes)]),
  fc.array(fc.oneof(frames, performatives), { maxLength: 10 }).map((list) => [HEADER, ...list]),
)

test(
  'no bytes make the guard throw anything but a violation, pass on part of a frame, or hold more than one frame',
  () => {
    fc.assert(
      fc.property(streams, (chunks) => {
        const guard = new FrameGuard()
        let passed = 0
        let given = 0
        try {
          for (const chunk of chunks) {
            given += chunk.length
            passed += guard.push(chunk).length
            expect(given - passed).toBeLessThan(MAX_CONTROL_FRAME)
          }
        } catch (error) {
          expect(error).toMatchObject({ code: 'violation' })
        }
      }),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)

test(
  'no list of names makes the identity parser throw anything but an identity error',
  () => {
    const names = fc.array(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `URI:spiffe://${text}`),
        fc.string().map((text) => `DNS:"${text}"`),
      ),
    )
    fc.assert(
      fc.property(names, (list) => {
        try {
          alternativeNamesIdentity(list.join(', '))
        } catch (error) {
          expect(error).toMatchObject({ code: 'identity' })
        }
      }),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)
