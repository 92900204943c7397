/**
 * What every zone of ours has: start of authority, name server, and the two kinds of empty answer.
 */
import type { Addresses } from './addresses.ts'
import { type Answer, type DnsRecord, Rcode, RecordType, type ServiceRecord } from './dns-records.ts'

/** Seconds that answers may be kept, negative ones too. */
export const ZONE_TTL = 5

/** The names and empty answers of one zone at one serial. */
export class ZoneApex {
  readonly name: string
  readonly nameServer: string
  readonly soa: DnsRecord
  /** The name exists, records of this type do not. */
  readonly noData: Answer
  /** The name does not exist, nor anything below it. */
  readonly nxDomain: Answer
  /** We do not know (yet). */
  readonly servFail: Answer
  /** Seconds that records may be kept. */
  readonly ttl: number

  constructor(name: string, serial: number, ttl = ZONE_TTL) {
    this.name = name
    this.nameServer = `ns.dns.${name}`
    this.ttl = ttl
    this.soa = {
      name,
      type: 'SOA',
      ttl,
      primary: this.nameServer,
      admin: `hostmaster.${name}`,
      serial: serial >>> 0,
      refresh: 7_200,
      retry: 1_800,
      expiration: 86_400,
      minimum: ttl,
    }
    this.noData = { rcode: Rcode.noError, answers: [], authority: [this.soa], additional: [] }
    this.nxDomain = { ...this.noData, rcode: Rcode.nxDomain }
    this.servFail = { ...this.noData, rcode: Rcode.servFail }
  }

  /** NOERROR with these records, or NODATA when there are none. */
  found(answers: readonly DnsRecord[], additional: readonly DnsRecord[] = []): Answer {
    return answers.length === 0 ? this.noData : { rcode: Rcode.noError, answers, authority: [], additional }
  }

  /** Questions for the apex itself. */
  answerApex(type: number): Answer {
    const nameServer: DnsRecord = { name: this.name, type: 'NS', ttl: this.ttl, target: this.nameServer }
    if (type === RecordType.SOA) return this.found([this.soa])
    if (type === RecordType.NS) return this.found([nameServer])
    return type === RecordType.ANY ? this.found([this.soa, nameServer]) : this.noData
  }

  /** Address records of `name`; ANY asks for both families. */
  addressRecords(name: string, addresses: Addresses, type: number): DnsRecord[] {
    const ttl = this.ttl
    const both = type === RecordType.ANY
    const ipv4 = both || type === RecordType.A ? addresses.ipv4 : []
    const ipv6 = both || type === RecordType.AAAA ? addresses.ipv6 : []
    return [
      ...ipv4.map((address): DnsRecord => ({ name, type: 'A', ttl, address })),
      ...ipv6.map((address): DnsRecord => ({ name, type: 'AAAA', ttl, address })),
    ]
  }

  /** A service record; weights share 100 among `among` records, as CoreDNS does. */
  serviceRecord(name: string, target: string, port: number, among: number): ServiceRecord {
    const weight = Math.max(1, Math.floor(100 / among))
    return { name, type: 'SRV', ttl: this.ttl, priority: 0, weight, port, target }
  }
}
