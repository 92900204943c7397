/** What a proxy may answer to CONNECT: anything, in any pieces. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  type ConnectResponse,
  ConnectResponseReader,
  ProxyResponseError,
} from '../../../src/link/http-connect.ts'
import { MAX_PROXY_RESPONSE } from '../../../src/link/limits.ts'
import { FUZZ_TIMEOUT_MS, fuzzFor } from '../../support/fuzz-budget.ts'

const PROPERTIES = 2

/** Reads a stream in pieces; undefined when it is no whole answer. */
function readAll(bytes: Buffer, cuts: readonly number[]): ConnectResponse | undefined {
  const reader = new ConnectResponseReader()
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  let start = 0
  for (const end of ends) {
    const answer = reader.push(bytes.subarray(start, end))
    start = end
    if (answer !== undefined) return { ...answer, rest: Buffer.concat([answer.rest, bytes.subarray(end)]) }
  }
  return undefined
}

const cuts = fc.array(fc.nat(), { maxLength: 8 })

test(
  'an answer is the same in whatever pieces it comes, and not a byte of the tunnel is lost',
  () => {
    const head = fc.record({
      interim: fc.nat({ max: 3 }),
      status: fc.integer({ min: 200, max: 599 }),
      fields: fc.array(fc.stringMatching(/^[A-Za-z-]{1,20}: [ -~]{0,40}$/), { maxLength: 10 }),
      tunnel: fc.uint8Array({ maxLength: 200 }),
    })
    fc.assert(
      fc.property(head, cuts, ({ interim, status, fields, tunnel }, where) => {
        const text = `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(interim)}HTTP/1.1 ${status} said\r\n${fields.map((line) => `${line}\r\n`).join('')}\r\n`
        const bytes = Buffer.concat([Buffer.from(text), tunnel])
        expect(readAll(bytes, where)).toEqual({ status, reason: 'said', rest: Buffer.from(tunnel) })
      }),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)

test(
  'no bytes make the reader throw anything but its own error, or hold more than its bound',
  () => {
    const pieces = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc
        .constantFrom('HTTP/1.1 ', '200', ' OK', '\r\n', '\r\n\r\n', 'HTTP/1.0 100\r\n\r\n', 'x'.repeat(9000))
        .map((text) => Buffer.from(text)),
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (chunks) => {
        const reader = new ConnectResponseReader()
        let taken = 0
        try {
          for (const chunk of chunks) {
            if (reader.push(chunk) !== undefined) return
            taken += chunk.length
            expect(taken).toBeLessThan(MAX_PROXY_RESPONSE)
          }
        } catch (error) {
          expect(error).toBeInstanceOf(ProxyResponseError)
        }
      }),
      fuzzFor(PROPERTIES),
    )
  },
  FUZZ_TIMEOUT_MS,
)
