/**
 * Reads a query from the wire by hand: the checks that must come before anything is believed, at a cost that a flood
 * cannot turn into work. Knows nothing of zones.
 */

import { Rcode, RecordType } from './dns-records.ts'
import { MAX_QUERY_ADDITIONALS } from './limits.ts'

/** Octets of the header (RFC 1035 section 4.1.1). */
export const HEADER_LENGTH = 12

/** Bits of the second 16 bits of the header. */
export const Flag = {
  response: 0x8000,
  opcode: 0x7800,
  authoritative: 0x0400,
  truncated: 0x0200,
  recursionDesired: 0x0100,
  recursionAvailable: 0x0080,
  checkingDisabled: 0x0010,
} as const

/** What an OPT record says (RFC 6891). */
export interface Edns {
  readonly version: number
  /** UDP octets that the client can take. */
  readonly size: number
  readonly dnssecOk: boolean
}

/** A well-formed query with one question. */
export interface Query {
  readonly id: number
  readonly flags: number
  /** The name in wire form without its last octet, lower case, one character an octet: equal for equal names. */
  readonly key: string
  readonly type: number
  readonly class: number
  /** Where the question ends in the message. */
  readonly end: number
  readonly edns: Edns | undefined
}

/** Answer nothing at all: to answer would be to reflect. */
export const DROP = 'drop'

export type QueryResult =
  | { readonly query: Query }
  /** Answer with this code; `end` is where the question ends, when it could be read. */
  | { readonly rcode: Rcode; readonly end?: number }
  | typeof DROP

/** Reads one message as a query. Never throws. */
export function readQuery(message: Buffer): QueryResult {
  if (message.length < HEADER_LENGTH) return DROP
  const flags = message.readUInt16BE(2)
  if ((flags & Flag.response) !== 0) return DROP
  if ((flags & Flag.opcode) !== 0) return { rcode: Rcode.notImp }
  if (!hasQueryCounts(message)) return { rcode: Rcode.formErr }
  const nameEnd = skipPlainName(message, HEADER_LENGTH)
  if (nameEnd === undefined || nameEnd + 4 > message.length) return { rcode: Rcode.formErr }
  const end = nameEnd + 4
  const edns = readEdns(message, end)
  if (edns === 'malformed') return { rcode: Rcode.formErr, end }
  return {
    query: {
      id: message.readUInt16BE(0),
      flags,
      key: lowerCase(message.toString('latin1', HEADER_LENGTH, nameEnd - 1)),
      type: message.readUInt16BE(nameEnd),
      class: message.readUInt16BE(nameEnd + 2),
      end,
      edns,
    },
  }
}

/** The labels of a key, the leftmost first. */
export function labelsOfKey(key: string): string[] {
  const labels: string[] = []
  for (let at = 0; at < key.length; ) {
    const length = key.charCodeAt(at)
    labels.push(key.slice(at + 1, at + 1 + length))
    at += 1 + length
  }
  return labels
}

/** The key of a name given by its labels. */
export function keyOfLabels(labels: readonly string[]): string {
  return labels.map((label) => String.fromCharCode(label.length) + label).join('')
}

/** One question, no records, and no more additionals than a query has. */
function hasQueryCounts(message: Buffer): boolean {
  const records = message.readUInt16BE(6) + message.readUInt16BE(8)
  return message.readUInt16BE(4) === 1 && records === 0 && message.readUInt16BE(10) <= MAX_QUERY_ADDITIONALS
}

/** Case does not matter in names, for ASCII letters only (RFC 4343). Lengths are below 64, so they are no letters. */
function lowerCase(key: string): string {
  return /[A-Z]/.test(key) ? key.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : key
}

/** Where a name without compression ends; undefined when it is malformed or longer than 255 octets. */
function skipPlainName(message: Buffer, start: number): number | undefined {
  let at = start
  for (;;) {
    const length = message[at]
    if (length === undefined || length > 63) return undefined
    at += 1 + length
    if (at - start > 255) return undefined
    if (length === 0) return at
  }
}

/** A name that may end in a compression pointer; it is stepped over, never followed. */
function skipName(message: Buffer, start: number): number | undefined {
  let at = start
  for (;;) {
    const length = message[at]
    if (length === undefined) return undefined
    if (length === 0) return at + 1
    if (length >= 0xc0) return at + 2
    if (length > 63) return undefined
    at += 1 + length
  }
}

/** The OPT record among the additionals, of which there must be at most one (RFC 6891 section 6.1.1). */
function readEdns(message: Buffer, start: number): Edns | undefined | 'malformed' {
  let edns: Edns | undefined
  let at = start
  for (let left = message.readUInt16BE(10); left > 0; left--) {
    const head = skipName(message, at)
    if (head === undefined || head + 10 > message.length) return 'malformed'
    const end = head + 10 + message.readUInt16BE(head + 8)
    if (end > message.length) return 'malformed'
    if (message.readUInt16BE(head) === RecordType.OPT) {
      if (edns !== undefined || head !== at + 1) return 'malformed'
      edns = readOpt(message, head)
    }
    at = end
  }
  return edns
}

function readOpt(message: Buffer, head: number): Edns {
  return {
    size: message.readUInt16BE(head + 2),
    version: message.readUInt8(head + 5),
    dnssecOk: (message.readUInt8(head + 6) & 0x80) !== 0,
  }
}
