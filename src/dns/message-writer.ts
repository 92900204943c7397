/**
 * Puts responses together from encoded records: echoes the question as it was asked, orders and cuts to size.
 */
import { type Answer, type DnsRecord, Rcode } from './dns-records.ts'
import { MAX_RECORDS_PER_SECTION, UDP_SIZE_MAX } from './limits.ts'
import { type Edns, Flag, HEADER_LENGTH, keyOfLabels, type Query } from './query-reader.ts'
import { encodeRecordTail } from './record-codec.ts'

/** An answer as octets, valid for one name: owners are pointers into the question. */
export interface EncodedAnswer {
  readonly rcode: Rcode
  readonly answers: readonly Buffer[]
  readonly authority: readonly Buffer[]
  readonly additional: readonly Buffer[]
  /** Length of all of these together. */
  readonly octets: number
  /** The order of the answers means nothing, so each response may have another. */
  readonly shuffle: boolean
}

/** Encodes answers; remembers the data of records that come again, such as a zone's SOA, and denials as a whole. */
export class AnswerEncoder {
  readonly #tails = new WeakMap<DnsRecord, Buffer>()
  /** Answer without records -> length of the denied name, at most 255 -> its octets. */
  readonly #denials = new WeakMap<Answer, Map<number, EncodedAnswer>>()

  /** `labels` is the name in the question. */
  encode(answer: Answer, labels: readonly string[]): EncodedAnswer {
    return answer.answers.length === 0 ? this.#denial(answer, labels) : this.#encode(answer, labels)
  }

  /** A zone denies with the same few answers, which hold its SOA: only where its name is in the question differs. */
  #denial(answer: Answer, labels: readonly string[]): EncodedAnswer {
    const kept = this.#denials.get(answer) ?? new Map<number, EncodedAnswer>()
    this.#denials.set(answer, kept)
    const length = labels.reduce((total, label) => total + 1 + label.length, 0)
    const known = kept.get(length)
    if (known !== undefined) return known
    const encoded = this.#encode(answer, labels)
    kept.set(length, encoded)
    return encoded
  }

  #encode(answer: Answer, labels: readonly string[]): EncodedAnswer {
    const section = (records: readonly DnsRecord[]) =>
      records
        .slice(0, MAX_RECORDS_PER_SECTION)
        .map((record) => Buffer.concat([ownerName(record.name, labels), this.#tail(record)]))
    const answers = section(answer.answers)
    const authority = section(answer.authority)
    const additional = section(answer.additional)
    const octets = [answers, authority, additional].flat().reduce((total, { length }) => total + length, 0)
    const shuffle = answer.answers.length > 1 && answer.answers.every((record) => record.type !== 'CNAME')
    return { rcode: answer.rcode, answers, authority, additional, octets, shuffle }
  }

  #tail(record: DnsRecord): Buffer {
    const known = this.#tails.get(record)
    if (known !== undefined) return known
    const tail = encodeRecordTail(record)
    this.#tails.set(record, tail)
    return tail
  }
}

/** The response to `query` (read from `message`) of at most `limit` octets. */
export function writeAnswer(
  message: Buffer,
  query: Query,
  answer: EncodedAnswer,
  limit: number,
  random: () => number,
): Buffer {
  const { end, edns } = query
  const room = limit - end - (edns === undefined ? 0 : OPT_LENGTH)
  const ordered = answer.shuffle ? { ...answer, answers: shuffled(answer.answers, random) } : answer
  if (answer.octets <= room) return assemble(message, end, ordered, Flag.authoritative, edns)
  const { cut, truncated } = cutTo(room, ordered)
  return assemble(message, end, cut, Flag.authoritative | (truncated ? Flag.truncated : 0), edns)
}

/** A response without records; echoes the question where it ends at `end`. */
export function writeError(message: Buffer, rcode: Rcode, end = HEADER_LENGTH, edns?: Edns): Buffer {
  return assemble(message, end, { ...NOTHING, rcode }, 0, edns)
}

/** An empty answer that does not fit: the client should ask again over TCP. */
export function writeTruncated(message: Buffer, end: number, edns?: Edns): Buffer {
  return assemble(message, end, NOTHING, Flag.truncated, edns)
}

const NOTHING: EncodedAnswer = {
  rcode: Rcode.noError,
  answers: [],
  authority: [],
  additional: [],
  octets: 0,
  shuffle: false,
}

/** Octets of an OPT record without options. */
const OPT_LENGTH = 11

/** Of every response, so without anything made for this one only but the octets that are sent. */
function assemble(
  message: Buffer,
  end: number,
  answer: EncodedAnswer,
  flags: number,
  edns: Edns | undefined,
): Buffer {
  const out = Buffer.allocUnsafe(end + answer.octets + (edns === undefined ? 0 : OPT_LENGTH))
  put(message, end, out, 0)
  const kept = message.readUInt16BE(2) & (Flag.opcode | Flag.recursionDesired | Flag.checkingDisabled)
  out.writeUInt16BE(Flag.response | kept | flags | (answer.rcode & 0x0f), 2)
  out.writeUInt16BE(end > HEADER_LENGTH ? 1 : 0, 4)
  out.writeUInt16BE(answer.answers.length, 6)
  out.writeUInt16BE(answer.authority.length, 8)
  out.writeUInt16BE(answer.additional.length + (edns === undefined ? 0 : 1), 10)
  let at = putAll(answer.answers, out, end)
  at = putAll(answer.authority, out, at)
  at = putAll(answer.additional, out, at)
  if (edns !== undefined) writeOpt(out, at, answer.rcode, edns)
  return out
}

/** Copies records to `at` and tells where they end. */
function putAll(records: readonly Buffer[], out: Buffer, at: number): number {
  let next = at
  for (const record of records) {
    put(record, record.length, out, next)
    next += record.length
  }
  return next
}

/** For some ten octets a loop is several times faster than Buffer's own copy. */
function put(from: Buffer, length: number, out: Buffer, at: number): void {
  for (let index = 0; index < length; index++) out[at + index] = from[index] as number
}

/** OPT: root name, type 41, our UDP size, upper bits of the code, version 0, the client's DO bit (RFC 6891 section 6.1). */
function writeOpt(out: Buffer, at: number, rcode: Rcode, edns: Edns): void {
  out.writeUInt8(0, at)
  out.writeUInt16BE(41, at + 1)
  out.writeUInt16BE(UDP_SIZE_MAX, at + 3)
  out.writeUInt8(rcode >> 4, at + 5)
  out.writeUInt8(0, at + 6)
  out.writeUInt16BE(edns.dnssecOk ? 0x8000 : 0, at + 7)
  out.writeUInt16BE(0, at + 9)
}

/** As much as fits into `room` octets. */
function cutTo(room: number, answer: EncodedAnswer): { cut: EncodedAnswer; truncated: boolean } {
  const answers = fitting(answer.answers, room)
  const authority = fitting(answer.authority, room - answers.octets)
  const truncated =
    answers.records.length < answer.answers.length || authority.records.length < answer.authority.length
  // Additional records are a courtesy: leaving some out is no truncation (RFC 2181 section 9).
  const left = truncated ? 0 : room - answers.octets - authority.octets
  const additional = fitting(answer.additional, left)
  const cut = {
    ...answer,
    answers: answers.records,
    authority: authority.records,
    additional: additional.records,
    octets: answers.octets + authority.octets + additional.octets,
  }
  return { cut, truncated }
}

/** As many records from the front as fit into `room` octets. */
function fitting(records: readonly Buffer[], room: number): { records: readonly Buffer[]; octets: number } {
  let octets = 0
  for (const [index, record] of records.entries()) {
    if (octets + record.length > room) return { records: records.slice(0, index), octets }
    octets += record.length
  }
  return { records, octets }
}

/** The owner's labels, the common end with the question's name as a pointer to it (RFC 1035 section 4.1.4). */
function ownerName(name: string, question: readonly string[]): Buffer {
  const labels = name.split('.')
  let common = 0
  while (
    common < labels.length &&
    common < question.length &&
    labels[labels.length - 1 - common] === question[question.length - 1 - common]
  )
    common++
  const own = Buffer.from(keyOfLabels(labels.slice(0, labels.length - common)), 'latin1')
  if (common === 0) return Buffer.concat([own, Buffer.from([0])])
  const offset = HEADER_LENGTH + keyOfLabels(question.slice(0, question.length - common)).length
  return Buffer.concat([own, Buffer.from([0xc0 | (offset >> 8), offset & 0xff])])
}

/** Fisher-Yates on a copy. */
function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  const copy = items.slice()
  for (let last = copy.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const item = copy[last] as T
    copy[last] = copy[other] as T
    copy[other] = item
  }
  return copy
}
