/**
 * Questions, answers and records as values. Knows no wire format.
 */

/** Record type codes (IANA DNS parameters). */
export const RecordType = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const

/** Response codes (RFC 1035 section 4.1.1, RFC 6891 section 9). */
export const Rcode = {
  noError: 0,
  formErr: 1,
  servFail: 2,
  nxDomain: 3,
  notImp: 4,
  refused: 5,
  badVers: 16,
} as const
export type Rcode = (typeof Rcode)[keyof typeof Rcode]

interface RecordHead {
  /** Owner name: lower case, no dot at the end. */
  readonly name: string
  /** Seconds. */
  readonly ttl: number
}

export type DnsRecord = RecordHead &
  (
    | { readonly type: 'A' | 'AAAA'; readonly address: string }
    | {
        readonly type: 'SRV'
        readonly priority: number
        readonly weight: number
        readonly port: number
        readonly target: string
      }
    | { readonly type: 'TXT'; readonly data: readonly string[] }
    | { readonly type: 'NS' | 'CNAME' | 'PTR'; readonly target: string }
    | {
        readonly type: 'SOA'
        readonly primary: string
        readonly admin: string
        readonly serial: number
        readonly refresh: number
        readonly retry: number
        readonly expiration: number
        readonly minimum: number
      }
  )

/** A record that says which port of which name serves (RFC 2782). */
export type ServiceRecord = Extract<DnsRecord, { type: 'SRV' }>

export interface Question {
  /** Labels in lower case, the leftmost first. A label may hold any octet, dots included. */
  readonly labels: readonly string[]
  /** A type code; see RecordType for the known ones. */
  readonly type: number
}

export interface Answer {
  readonly rcode: Rcode
  readonly answers: readonly DnsRecord[]
  readonly authority: readonly DnsRecord[]
  readonly additional: readonly DnsRecord[]
}

/** A zone at one moment: a pure function from question to answer. */
export interface Zone {
  /** Labels of the apex, lower case. */
  readonly origin: readonly string[]
  /** The question's name is the apex or below it. */
  answer(question: Question): Answer
}

/** The labels of a name given as text without escapes. */
export function labelsOf(name: string): readonly string[] {
  return name === '' ? [] : name.toLowerCase().replace(/\.$/, '').split('.')
}

/** True when `labels` name `origin` or something below it. */
export function isWithin(labels: readonly string[], origin: readonly string[]): boolean {
  const depth = labels.length - origin.length
  return depth >= 0 && origin.every((label, index) => labels[depth + index] === label)
}

/** The code of a record's type. */
export function typeCode(record: DnsRecord): number {
  return RecordType[record.type]
}
