/** How the resolver must behave whatever it is sent: the checks that all fuzz tests of it share. */
import { expect } from '@jest/globals'
import { UDP_SIZE_MAX, UDP_SIZE_WITHOUT_EDNS } from '../../src/dns/limits.ts'
import { guardSources } from '../../src/dns/source-guard.ts'
import { SourceLimits } from '../../src/dns/source-limits.ts'
import type { TestResponder } from './dns-responder.ts'
import { type Decoded, decode } from './dns-wire.ts'
import { FakeClock } from './fake-clock.ts'

const QR = 0x80

/** Hands `message` to the resolver by UDP, by TCP, and as one of a source over its rate. */
export function expectGoodConduct(responder: TestResponder, message: Buffer): void {
  const udp = responder.handle(message)
  const tcp = responder.handle(message, 'tcp')
  expect(udp === undefined).toBe(tcp === undefined)
  for (const response of [udp, tcp]) if (response !== undefined) expectResponse(responder, message, response)
  if (udp !== undefined) {
    const limit = decode(udp).opt === undefined ? UDP_SIZE_WITHOUT_EDNS : UDP_SIZE_MAX
    expect(udp.length).toBeLessThanOrEqual(limit)
  }
  if (tcp !== undefined) expect(decode(tcp).tc).toBe(false)
  expectNoGainOverRate(message)
}

function expectResponse(responder: TestResponder, message: Buffer, response: Buffer): Decoded {
  const decoded = decode(response)
  expect(decoded.id).toBe(message.readUInt16BE(0))
  expect(response.readUInt8(2) & QR).toBe(QR)
  expect(message.readUInt8(2) & QR).toBe(0)
  // What comes back must never be answered in turn: two resolvers would talk for ever.
  expect(responder.handle(response)).toBeUndefined()
  return decoded
}

/** Over its rate a source never gets more octets than it sent. */
function expectNoGainOverRate(message: Buffer): void {
  const limits = new SourceLimits({ perSecond: 1 })
  const stats = { limited: () => {} }
  const handle = guardSources({ handler: () => undefined, limits, stats, clock: new FakeClock() })
  const responses = [1, 2, 3].map(() => handle(message, '10.0.0.1'))
  for (const response of responses) {
    if (!(response instanceof Buffer)) continue
    const decoded = decode(response)
    expect([decoded.tc, decoded.answers.length]).toEqual([true, 0])
    expect(response.length).toBeLessThanOrEqual(message.length)
  }
}
