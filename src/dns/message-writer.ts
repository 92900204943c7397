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
  /** The order of the answers means nothing, so each response may have another. */
  readonly shuffle: boolean
}

/** Encodes answers; remembers the data of records that come again, such as a zone's SOA. */
export class AnswerEncoder {
  readonly #tails = new WeakMap<DnsRecord, Buffer>()

  /** `labels` is the name in the question. */
  encode(answer: Answer, labels: readonly string[]): EncodedAnswer {
    const section = (records: readonly DnsRecord[]) =>
      records
        .slice(0, MAX_RECORDS_PER_SECTION)
        .map((record) => Buffer.concat([ownerName(record.name, labels), this.#tail(record)]))
    return {
      rcode: answer.rcode,
      answers: section(answer.answers),
      authority: section(answer.authority),
      additional: section(answer.additional),
      shuffle: answer.answers.length > 1 && answer.answers.every((record) => record.type !== 'CNAME'),
    }
  }

  #tail(record: DnsRecord): Buffer {
    const known = this.#tails.get(record)
    if (known !== undefined) return known
    const tail = encodeRecordTail(record)
    this.#tails.set(record, tail)
    return tail
  }
}

/** What goes around the records of a response. */
interface Envelope {
  readonly rcode: Rcode
  readonly authoritative: boolean
  readonly truncated: boolean
  readonly edns: Edns | undefined
}

/** The response to `query` (read from `message`) of at most `limit` octets. */
export function writeAnswer(
  message: Buffer,
  query: Query,
  answer: EncodedAnswer,
  limit: number,
  random: () => number,
): Buffer {
  const room = limit - query.end - (query.edns === undefined ? 0 : OPT_LENGTH)
  const ordered = answer.shuffle ? shuffled(answer.answers, random) : answer.answers
  const answers = fitting(ordered, room)
  const authority = fitting(answer.authority, room - answers.octets)
  const truncated =
    answers.records.length < ordered.length || authority.records.length < answer.authority.length
  // Additional records are a courtesy: leaving some out is no truncation (RFC 2181 section 9).
  const left = truncated ? 0 : room - answers.octets - authority.octets
  const additional = fitting(answer.additional, left)
  const sections = [answers.records, authority.records, additional.records]
  const envelope = { rcode: answer.rcode, authoritative: true, truncated, edns: query.edns }
  return assemble(message, query.end, envelope, sections)
}

/** A response without records; echoes the question where it ends at `end`. */
export function writeError(message: Buffer, rcode: Rcode, end = HEADER_LENGTH, edns?: Edns): Buffer {
  return assemble(message, end, { rcode, authoritative: false, truncated: false, edns }, [])
}

/** An empty answer that does not fit: the client should ask again over TCP. */
export function writeTruncated(message: Buffer, end: number, edns?: Edns): Buffer {
  return assemble(message, end, { rcode: Rcode.noError, authoritative: false, truncated: true, edns }, [])
}

/** Octets of an OPT record without options. */
const OPT_LENGTH = 11

function assemble(
  message: Buffer,
  end: number,
  envelope: Envelope,
  sections: readonly (readonly Buffer[])[],
): Buffer {
  const records = sections.flat()
  const optLength = envelope.edns === undefined ? 0 : OPT_LENGTH
  const size = records.reduce((total, record) => total + record.length, end + optLength)
  const out = Buffer.allocUnsafe(size)
  message.copy(out, 0, 0, end)
  writeHeader(out, message.readUInt16BE(2), envelope, end > HEADER_LENGTH, sections)
  let at = end
  for (const record of records) at += record.copy(out, at)
  if (envelope.edns !== undefined) writeOpt(out, at, envelope.rcode, envelope.edns)
  return out
}

function writeHeader(
  out: Buffer,
  queryFlags: number,
  { rcode, authoritative, truncated, edns }: Envelope,
  hasQuestion: boolean,
  [answers = [], authority = [], additional = []]: readonly (readonly Buffer[])[],
): void {
  const kept = queryFlags & (Flag.opcode | Flag.recursionDesired | Flag.checkingDisabled)
  const set = (authoritative ? Flag.authoritative : 0) | (truncated ? Flag.truncated : 0)
  out.writeUInt16BE(Flag.response | kept | set | (rcode & 0x0f), 2)
  out.writeUInt16BE(hasQuestion ? 1 : 0, 4)
  out.writeUInt16BE(answers.length, 6)
  out.writeUInt16BE(authority.length, 8)
  out.writeUInt16BE(additional.length + (edns === undefined ? 0 : 1), 10)
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
  const copy = [...items]
  for (let last = copy.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const item = copy[last] as T
    copy[last] = copy[other] as T
    copy[other] = item
  }
  return copy
}
