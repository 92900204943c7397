/** Queries that are almost right, for fuzz tests: built from the parts of real ones, each of which may be wrong. */
import fc from 'fast-check'
import { RecordType } from '../../src/dns/dns-records.ts'
import { ZONE } from './dns-fixture.ts'
import { wireName } from './dns-wire.ts'

const HEADER_LENGTH = 12

const uint8 = fc.integer({ min: 0, max: 255 })
const uint16 = fc.integer({ min: 0, max: 65_535 })
const octets = (maxLength: number) => fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes))
const mostly = <T>(usual: fc.Arbitrary<T>, seldom: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: seldom })
const both = (value: number) => Buffer.from([value >> 8, value & 0xff])
const joined = (parts: fc.Arbitrary<Buffer[]>) => parts.map((all) => Buffer.concat(all))

const labelText = fc.constantFrom(
  ...['svc1', 'SVC1', 'hdls1', 'dup-name', 'east', 'testns', 'svc', 'crowd', '_http', '_tcp', 'dns-version'],
)
const label = mostly(
  labelText.map((text) => wireName(text).subarray(0, -1)),
  fc.uint8Array({ minLength: 1, maxLength: 63 }).map((bytes) => Buffer.from([bytes.length, ...bytes])),
)
/** Back to the header, to itself, to the question or beyond the end. */
const pointer = fc
  .oneof(fc.constantFrom(0, HEADER_LENGTH, HEADER_LENGTH + 5), fc.integer({ min: 0, max: 0x3fff }))
  .map((offset) => both(0xc000 | offset))
/** A label whose length says more or less than there is, or is of a kind that no longer exists (0x40, 0x80). */
const lyingLabel = fc.tuple(uint8, octets(70)).map(([length, rest]) => Buffer.from([length, ...rest]))

const served = fc.constantFrom(
  ...['', 'svc1.testns.svc.', 'crowd.testns.svc.', '_http._tcp.hdls1.testns.svc.', 'dns-version.'],
)
const wellKnown = served.map((path) => wireName(path + ZONE))
const composed = joined(
  fc.tuple(
    fc.array(label, { maxLength: 6 }).map((labels) => Buffer.concat(labels)),
    fc.constantFrom(wireName(ZONE), wireName(`testns.svc.${ZONE}`), wireName('example.com'), wireName('')),
  ),
)
/** Up to some 2,000 octets, where 255 are allowed. */
const huge = joined(
  fc.tuple(
    fc.array(label, { minLength: 4, maxLength: 60 }).map((labels) => Buffer.concat(labels)),
    fc.constant(wireName(ZONE)),
  ),
)
const broken = joined(
  fc.array(fc.oneof(label, pointer, lyingLabel, fc.constant(Buffer.from([0]))), { maxLength: 8 }),
)
const name = mostly(fc.oneof(wellKnown, composed), fc.oneof(huge, broken))

const { A, SRV, ANY } = RecordType
const type = mostly(
  fc.constantFrom(A, SRV, ANY),
  fc.oneof(fc.constantFrom(...Object.values(RecordType)), uint16),
)
const question = joined(
  fc.tuple(
    name,
    type.map(both),
    mostly(fc.constant(1), fc.oneof(fc.constantFrom(3, 254, 255), uint16)).map(both),
  ),
)
const questions = mostly(
  question.map((one) => [one]),
  fc.oneof(
    fc.array(question, { maxLength: 3 }),
    // Many of the same, as those do who want one message to be worth many.
    fc.tuple(question, fc.integer({ min: 2, max: 40 })).map(([one, count]) => Array<Buffer>(count).fill(one)),
  ),
)

/** An EDNS option (cookie, client subnet, padding, anything), whose length may lie. */
const option = fc
  .tuple(fc.oneof(fc.constantFrom(3, 8, 10, 12), uint16), octets(40), mostly(fc.constant(0), uint16))
  .map(([code, data, lie]) => Buffer.concat([both(code), both(lie || data.length), data]))
const opt = fc
  .record({
    owner: mostly(fc.constant(Buffer.from([0])), fc.oneof(name, pointer)),
    size: fc.oneof(fc.constantFrom(0, 512, 1232, 4096, 65_535), uint16),
    extended: mostly(fc.constant(0), uint8),
    version: mostly(fc.constant(0), uint8),
    flags: fc.oneof(fc.constantFrom(0, 0x8000), uint16),
    options: fc.array(option, { maxLength: 4 }).map((all) => Buffer.concat(all)),
    lie: mostly(fc.constant(0), uint16),
  })
  .map(({ owner, size, extended, version, flags, options, lie }) =>
    Buffer.concat([
      owner,
      both(RecordType.OPT),
      both(size),
      Buffer.from([extended, version]),
      both(flags),
      both(lie || options.length),
      options,
    ]),
  )
/** A record of any type, such as a TSIG. */
const record = joined(
  fc.tuple(fc.oneof(name, pointer), type.map(both), uint16.map(both), octets(4), octets(60)),
)
const additionals = mostly(fc.array(opt, { maxLength: 1 }), fc.array(fc.oneof(opt, record), { maxLength: 4 }))

/** The second 16 bits of the header: a plain query, or any opcode and bit, responses among them. */
const flags = mostly(fc.constantFrom(0, 0x0100, 0x0110), uint16)

interface Parts {
  readonly id: number
  readonly flags: number
  readonly questions: readonly Buffer[]
  readonly records: readonly Buffer[]
  readonly additionals: readonly Buffer[]
  /** Counts of the header in place of the true ones. */
  readonly counts: readonly number[] | undefined
  readonly tail: Buffer
  /** Octets cut from the end. */
  readonly cut: number
}

function assemble(parts: Parts): Buffer {
  const { questions: asked, records, additionals: more } = parts
  const counts = parts.counts ?? [asked.length, records.length, 0, more.length]
  const header = Buffer.concat([parts.id, parts.flags, ...counts].map(both))
  const message = Buffer.concat([header, ...asked, ...records, ...more, parts.tail])
  return message.subarray(0, Math.max(0, message.length - parts.cut))
}

/** A message that is a query but for some part of it, or all. */
export const almostQuery: fc.Arbitrary<Buffer> = fc
  .record<Parts>({
    id: uint16,
    flags,
    questions,
    records: mostly(fc.constant<Buffer[]>([]), fc.array(record, { maxLength: 2 })),
    additionals,
    counts: mostly(
      fc.constant(undefined),
      fc.array(fc.oneof(fc.constantFrom(0, 1, 2), uint16), { minLength: 4, maxLength: 4 }),
    ),
    tail: mostly(fc.constant(Buffer.alloc(0)), octets(600)),
    cut: mostly(fc.constant(0), fc.nat({ max: 60 })),
  })
  .map(assemble)
