/** DNS messages for tests: queries made by hand, octet by octet, and responses read by a decoder that is not ours. */
import { Packet } from 'dns2'
import { RecordType } from '../../src/dns/dns-records.ts'

export interface QueryOptions {
  readonly id?: number
  /** The second 16 bits of the header. Default: recursion desired. */
  readonly flags?: number
  readonly type?: number
  readonly class?: number
  readonly edns?: { readonly size?: number; readonly version?: number; readonly dnssecOk?: boolean }
}

/** The wire form of a name; case is kept. */
export function wireName(name: string): Buffer {
  const labels = name === '' ? [] : name.replace(/\.$/, '').split('.')
  return Buffer.concat([
    ...labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')])),
    Buffer.from([0]),
  ])
}

/** A query for `name`. */
export function query(name: string, options: QueryOptions = {}): Buffer {
  return rawQuery(wireName(name), options)
}

/** A query whose name is given as octets. */
export function rawQuery(name: Buffer, options: QueryOptions = {}): Buffer {
  const { id = 0x1234, flags = 0x0100, type = RecordType.A, edns } = options
  const opt = edns === undefined ? Buffer.alloc(0) : optRecord(edns)
  const header = Buffer.from([
    ...uint16(id),
    ...uint16(flags),
    0,
    1,
    0,
    0,
    0,
    0,
    0,
    edns === undefined ? 0 : 1,
  ])
  return Buffer.concat([header, name, Buffer.from([...uint16(type), ...uint16(options.class ?? 1)]), opt])
}

/** An OPT record with a cookie in it, as dig sends. */
export function optRecord({ size = 1232, version = 0, dnssecOk = false }: QueryOptions['edns'] = {}): Buffer {
  const cookie = [0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]
  return Buffer.from([0, 0, 41, ...uint16(size), 0, version, dnssecOk ? 0x80 : 0, 0, 0, 12, ...cookie])
}

export interface Decoded {
  readonly id: number
  readonly rcode: number
  readonly aa: boolean
  readonly tc: boolean
  readonly ra: boolean
  readonly question: string
  readonly type: number
  readonly answers: readonly Packet['answers'][number][]
  readonly authority: readonly Packet['answers'][number][]
  readonly additional: readonly Packet['answers'][number][]
  /** The OPT record, which is not among `additional`. */
  readonly opt: Packet['answers'][number] | undefined
  readonly length: number
}

/** Decodes a response with dns2; throws when any record of it does not decode, or octets are left over. */
export function decode(message: Buffer | undefined): Decoded {
  if (message === undefined) throw new Error('there was no response')
  const packet = Packet.parse(message)
  if (packet.errors.length > 0) throw packet.errors[0]
  const { header, questions, answers, authorities, additionals } = packet
  const counted = questions.length + answers.length + authorities.length + additionals.length
  const claimed = header.qdcount + header.ancount + header.nscount + header.arcount
  if (counted !== claimed) throw new Error(`the header promises ${claimed} records, there are ${counted}`)
  return {
    id: header.id,
    rcode: header.rcode,
    aa: header.aa === 1,
    tc: header.tc === 1,
    ra: header.ra === 1,
    question: questions[0]?.name ?? '',
    type: questions[0]?.type ?? 0,
    answers,
    authority: authorities,
    additional: additionals.filter((record) => record.type !== RecordType.OPT),
    opt: additionals.find((record) => record.type === RecordType.OPT),
    length: message.length,
  }
}

function uint16(value: number): [number, number] {
  return [value >> 8, value & 0xff]
}
