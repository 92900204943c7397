import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { ServiceRecord } from '../../../src/api/service-record.ts'
import { MAX_MESSAGE_BYTES, MAX_MISSING_NAMESPACES, MAX_RECORD_BYTES } from '../../../src/link/limits.ts'
import { MessageCodec, originParts, recordsByKey } from '../../../src/link/message-codec.ts'
import { type ControlMessage, negotiate } from '../../../src/link/messages.ts'
import { record, stateOf } from '../../support/network.ts'

const codec = new MessageCodec()
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value))

const messages: readonly ControlMessage[] = [
  {
    type: 'hello',
    id: 'a',
    cluster: 'east',
    role: 'router',
    version: '1',
    protocol: { min: 1, max: 1 },
  },
  { type: 'directory-digest', last: true, origins: [{ cluster: 'east', epoch: 1, sequence: 2 }] },
  {
    type: 'directory-origin',
    cluster: 'east',
    epoch: 1,
    sequence: 2,
    part: 0,
    last: true,
    records: [record('a')],
    facts: { missingNamespaces: ['demo'], globalnet: { block: '242.7.0.0/16', claimedAt: 1 } },
  },
  {
    type: 'directory-delta',
    cluster: 'east',
    epoch: 1,
    from: 2,
    to: 3,
    upserts: [record('a')],
    removes: ['demo/b'],
  },
  {
    type: 'directory-delta',
    cluster: 'west',
    epoch: 1,
    from: 3,
    to: 4,
    upserts: [
      record('b', {
        type: 'Headless',
        endpoints: [{ id: 'web-0' }, { id: '10-0-0-5', hostname: 'web-0', unready: true, ports: [0] }],
      }),
    ],
    removes: [],
  },
  { type: 'directory-request', cluster: 'east' },
  { type: 'reach', last: true, clusters: ['east', 'north'] },
  { type: 'sources', version: 2, upserts: [[32_768, 32_831, '242.7.0.1']], removes: [65_472] },
  { type: 'sources-applied', version: 2 },
  { type: 'ping', id: 1 },
  { type: 'pong', id: 1 },
  { type: 'goodbye', reason: 'so long' },
]

test.each(messages.map((message) => [message.type, message] as const))(
  'a %s is read back as it was written',
  (_type, message) => {
    expect(codec.decode(codec.encode(message))).toEqual(message)
  },
)

test('what a newer version adds is dropped, not refused', () => {
  const message = { type: 'ping', id: 1, colour: 'blue' }
  expect(codec.decode(bytes(message))).toEqual({ type: 'ping', id: 1 })
})

test('what a newer version adds to a record is kept, for its cluster has signed it', () => {
  const later = { ...record('a'), colour: { of: ['blue'] } }
  const delta = { type: 'directory-delta', cluster: 'east', epoch: 1, from: 1, to: 2, removes: [], colour: 1 }
  expect(codec.decode(bytes({ ...delta, upserts: [later] }))).toMatchObject({ upserts: [later] })
  expect(codec.decode(bytes({ ...delta, upserts: [later] }))).not.toHaveProperty('colour')
})

describe('refused is', () => {
  const origin = (changes: object) => ({
    type: 'directory-origin',
    cluster: 'east',
    epoch: 1,
    sequence: 1,
    part: 0,
    last: true,
    records: [{ ...record('a'), ...changes }],
  })
  const port = record('a').ports[0]
  const sources = (changes: object) => ({ type: 'sources', version: 1, upserts: [], removes: [], ...changes })

  test.each<[string, unknown]>([
    ['a message without a type', { id: 1 }],
    ['an unknown type', { type: 'shutdown' }],
    ['a list', []],
    ['null', null],
    ['a missing field', { type: 'ping' }],
    ['a negative sequence', { ...origin({}), sequence: -1 }],
    ['a fractional epoch', { ...origin({}), epoch: 1.5 }],
    ['an epoch that leaves no room for the next', { ...origin({}), epoch: Number.MAX_SAFE_INTEGER }],
    ['a namespace with a slash', origin({ namespace: 'a/b' })],
    ['a name longer than a label', origin({ name: 'a'.repeat(64) })],
    ['a name in capitals', origin({ name: 'Hello' })],
    ['port 0', origin({ ports: [{ ...port, port: 0 }] })],
    ['port 65536', origin({ ports: [{ ...port, port: 65_536 }] })],
    ['too many ports', origin({ ports: Array(257).fill(port) })],
    ['an unknown protocol', origin({ ports: [{ ...port, protocol: 'ICMP' }] })],
    ['an endpoint without an id', origin({ endpoints: [{ hostname: 'web-0' }] })],
    ['an endpoint whose id is no label', origin({ endpoints: [{ id: '../web' }] })],
    ['an endpoint whose id is too long', origin({ endpoints: [{ id: 'a'.repeat(64) }] })],
    ['an endpoint whose host name has a dot', origin({ endpoints: [{ id: 'a', hostname: 'a.b' }] })],
    ['an endpoint that is unready by halves', origin({ endpoints: [{ id: 'a', unready: false }] })],
    ['an endpoint with a port before the first', origin({ endpoints: [{ id: 'a', ports: [-1] }] })],
    [
      'an endpoint with more ports than there are',
      origin({ endpoints: [{ id: 'a', ports: Array(257).fill(0) }] }),
    ],
    ['too many endpoints', origin({ endpoints: Array(1_025).fill({ id: 'a' }) })],
    ['a local time', origin({ exportedAt: '2026-01-01 00:00:00' })],
    ['a label of the wrong form', origin({ exportedLabels: { 'a b': 'c' } })],
    ['a prototype', origin({ exportedLabels: JSON.parse('{"__proto__":"x"}') })],
    [
      'too many labels',
      origin({ exportedLabels: Object.fromEntries(Array.from({ length: 129 }, (_, i) => [`k${i}`, 'v'])) }),
    ],
    [
      'a removed key with a path in it',
      { type: 'directory-delta', cluster: 'e', epoch: 1, from: 1, to: 2, upserts: [], removes: ['../x'] },
    ],
    ['a global block of no network', { ...origin({}), facts: { globalnet: { block: 'all', claimedAt: 1 } } }],
    [
      'a global block without end',
      { ...origin({}), facts: { globalnet: { block: '0.0.0.0/0', claimedAt: 1 } } },
    ],
    ['a global block of IPv6', { ...origin({}), facts: { globalnet: { block: 'fd00::/8', claimedAt: 1 } } }],
    ['a global block claimed at no time', { ...origin({}), facts: { globalnet: { block: '242.0.0.0/16' } } }],
    ['a source port that listeners have', sources({ upserts: [[20_000, 20_063, '242.0.0.1']] })],
    ['a source port beyond all', sources({ upserts: [[65_472, 65_536, '242.0.0.1']] })],
    ['a source port that stands for nothing', sources({ upserts: [[32_768, 32_831]] })],
    ['a source address of IPv6', sources({ upserts: [[32_768, 32_831, 'fd00::1']] })],
    ['a source address with a command', sources({ upserts: [[32_768, 32_831, '242.0.0.1;x']] })],
    ['a source address that readers take for octal', sources({ upserts: [[32_768, 32_831, '242.0.0.010']] })],
    ['more slots than there are', sources({ upserts: Array(513).fill([32_768, 32_831, '242.0.0.1']) })],
    ['more removed slots than there are', sources({ removes: Array(513).fill(32_768) })],
    ['a version that was never there', { type: 'sources-applied', version: -1 }],
  ])('%s', (_what, message) => {
    expect(() => codec.decode(bytes(message))).toThrow(expect.objectContaining({ code: 'violation' }))
  })

  test('what is not JSON, and what is too long', () => {
    expect(() => codec.decode(Buffer.from('{'))).toThrow('not JSON')
    expect(() => codec.decode(Buffer.alloc(MAX_MESSAGE_BYTES + 1, ' '))).toThrow('bytes')
  })

  test('what is so deep that it would use up the stack', () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
    const message = JSON.stringify(origin({ later: 0 })).replace('"later":0', `"later":${deep}`)
    expect(() => codec.decode(Buffer.from(message))).toThrow('too deep')
  })

  test('any bytes at all, without anything but a violation being thrown', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array().map(Buffer.from), fc.json().map(Buffer.from)), (input) => {
        try {
          codec.decode(Buffer.from(input))
        } catch (error) {
          expect(error).toMatchObject({ code: 'violation' })
        }
      }),
    )
  })
})

describe('records of our own', () => {
  test('that are good are let through unchanged', () => {
    expect(codec.checkRecord(record('a'))).toMatchObject({ ok: true })
  })

  test('that peers would refuse are found before they are sent', () => {
    expect(codec.checkRecord(record('Bad'))).toMatchObject({ ok: false })
    const text = 'x'.repeat(16_000)
    const long = record('long', { exportedAnnotations: { a: text, b: text, c: text } })
    expect(codec.checkRecord(long)).toMatchObject({
      ok: false,
      reason: expect.stringContaining(`${MAX_RECORD_BYTES}`),
    })
  })
})

test('the longest record fits a delta', () => {
  const endpoints = Array.from({ length: 440 }, (_, index) => ({ id: `${index}`.padStart(63, 'e') }))
  const long = record('long', { type: 'Headless', endpoints })
  const full = record('long', { ...long, exportedAnnotations: { pad: 'x'.repeat(8_000) } })
  expect(Buffer.byteLength(JSON.stringify(full))).toBeGreaterThan(MAX_RECORD_BYTES - 1_000)
  expect(codec.checkRecord(full)).toMatchObject({ ok: true })
  const delta = { type: 'directory-delta', cluster: 'east', epoch: 1, from: 1, to: 2 } as const
  const message = { ...delta, upserts: [full], removes: [] }
  expect(codec.decode(codec.encode(message))).toEqual(message)
})

describe('a cluster cut into parts', () => {
  const padded = (index: number, size: number): ServiceRecord =>
    record(`s${index}`, { exportedAnnotations: { pad: 'x'.repeat(size) } })

  test('has all its records once, in messages that fit, numbered and ended', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 16_000 }), { maxLength: 30 })
    fc.assert(
      fc.property(sizes, (list) => {
        const records = recordsByKey(list.map((size, index) => padded(index, size)))
        const facts = {
          missingNamespaces: Array.from({ length: MAX_MISSING_NAMESPACES }, (_, index) =>
            `${index}`.padStart(63, 'n'),
          ),
        }
        const parts = [...originParts({ cluster: 'east', epoch: 1, sequence: 1, records, facts })]
        expect(parts.map((part) => part.facts)).toEqual([facts, ...parts.slice(1).map(() => undefined)])
        for (const part of parts) expect(codec.encode(part).length).toBeLessThanOrEqual(MAX_MESSAGE_BYTES)
        expect(parts.map(({ part }) => part)).toEqual(parts.map((_, index) => index))
        expect(parts.map(({ last }) => last)).toEqual(parts.map((_, index) => index === parts.length - 1))
        expect(recordsByKey(parts.flatMap((part) => part.records))).toEqual(records)
      }),
      { numRuns: 50 },
    )
  })

  test('is one empty part when it exports nothing', () => {
    expect([...originParts(stateOf('east', 1, 1, []))]).toMatchObject([{ part: 0, last: true, records: [] }])
  })
})

test('both sides agree on the highest version they share', () => {
  expect(negotiate({ min: 1, max: 3 }, { min: 2, max: 5 })).toBe(3)
  expect(negotiate({ min: 1, max: 1 }, { min: 1, max: 9 })).toBe(1)
  expect(negotiate({ min: 1, max: 1 }, { min: 2, max: 3 })).toBeUndefined()
})
