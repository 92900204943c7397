/**
 * The two addresses a PROXY header tells, in bytes and of one family.
 */
import { isIPv4, isIPv6 } from 'node:net'

export interface AddressAndPort {
  readonly address: string
  readonly port: number
}

/** Source and destination as the header has them: 4 bytes each, or 16 each. */
export interface AddressPair {
  readonly family: 4 | 6
  readonly source: Uint8Array
  readonly destination: Uint8Array
}

/** First bytes of an IPv4 address as an IPv6 one (RFC 4291 section 2.5.5.2). */
const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]

/**
 * Both addresses in the family that holds both: IPv4-mapped ones count as IPv4, and an IPv4 address beside an IPv6 one
 * is mapped. Undefined when one of them is no address.
 */
export function addressPair(source: string, destination: string): AddressPair | undefined {
  const from = parse(source)
  const to = parse(destination)
  if (from === undefined || to === undefined) return undefined
  if (from.length === 4 && to.length === 4) return { family: 4, source: from, destination: to }
  return { family: 6, source: mapped(from), destination: mapped(to) }
}

/** Text of an address of that family, as header version 1 has it. */
export function textOf(address: Uint8Array): string {
  if (address.length === 4) return address.join('.')
  const groups: string[] = []
  for (let index = 0; index < 16; index += 2) {
    groups.push((((address[index] ?? 0) << 8) | (address[index + 1] ?? 0)).toString(16))
  }
  return groups.join(':')
}

function parse(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number)
  if (!isIPv6(text)) return undefined
  const bytes = parseIPv6(text.split('%')[0] ?? '')
  return isMapped(bytes) ? bytes.subarray(12) : bytes
}

function isMapped(bytes: Uint8Array): boolean {
  return MAPPED_PREFIX.every((byte, index) => bytes[index] === byte)
}

function mapped(address: Uint8Array): Uint8Array {
  return address.length === 16 ? address : Uint8Array.of(...MAPPED_PREFIX, ...address)
}

/** `text` is known to be one: groups before and behind a `::`, the last perhaps in IPv4's form. */
function parseIPv6(text: string): Uint8Array {
  const [before = '', behind] = text.split('::')
  const head = groupsOf(before)
  const tail = groupsOf(behind ?? '')
  return Uint8Array.of(...head, ...new Array<number>(16 - head.length - tail.length).fill(0), ...tail)
}

function groupsOf(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number)
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}
