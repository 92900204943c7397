/**
 * Records to octets, by dns2: the only user of that library.
 * Each record is encoded alone and by its position in no message, so that answers can be put together in any order.
 * That also leaves names inside the data uncompressed, as RFC 2782 and RFC 3597 section 4 ask.
 */
import { Packet } from 'dns2'
import { type DnsRecord, typeCode } from './dns-records.ts'

const IN = 1

/** The library types a record as having its own `toBuffer`; encoding takes plain fields as well. */
type LibraryRecord = Parameters<typeof Packet.Resource.encode>[0]

/** Type, class, TTL, length and data of a record: all that follows its owner name. */
export function encodeRecordTail(record: DnsRecord): Buffer {
  const { name: _owner, ...rest } = record
  const fields = { ...rest, name: '', type: typeCode(record), class: IN, ...libraryFields(record) }
  // An empty owner is the single octet of the root name, which comes first.
  return Packet.Resource.encode(fields as unknown as LibraryRecord).subarray(1)
}

/** What dns2 calls the data of types whose fields we name otherwise. */
function libraryFields(record: DnsRecord): object {
  switch (record.type) {
    case 'NS':
      return { ns: record.target }
    case 'CNAME':
    case 'PTR':
      return { domain: record.target }
    case 'TXT':
      return { data: [...record.data] }
    default:
      return {}
  }
}
