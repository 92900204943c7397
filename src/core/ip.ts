/**
 * IPv4 and IPv6 addresses: parsing, printing, order. Blocks of them are in cidr.ts.
 */

export type IpFamily = 4 | 6

/** An address as a number: 32 or 128 bits, the first byte on top. Two that are equal have equal fields. */
export interface IpAddress {
  readonly family: IpFamily
  readonly value: bigint
}

/** Bits of an address. */
export function bitsOf(family: IpFamily): number {
  return family === 4 ? 32 : 128
}

/**
 * The address that `text` says, or undefined. IPv4 is four decimal numbers without leading zeros, which some readers take
 * for octal; IPv6 is any form of RFC 4291, without a zone.
 */
export function parseAddress(text: string): IpAddress | undefined {
  if (text.includes(':')) return parseV6(text)
  const value = parseV4(text)
  return value === undefined ? undefined : { family: 4, value: BigInt(value) }
}

const OCTETS = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/

function parseV4(text: string): number | undefined {
  const octets = OCTETS.exec(text)?.slice(1).map(Number)
  if (octets === undefined || octets.some((octet) => octet > 255)) return undefined
  return octets.reduce((value, octet) => value * 256 + octet, 0)
}

const GROUPS = 8
/** The longest text of an address: eight groups of which the last two are written as IPv4. */
const MAX_TEXT = 45

function parseV6(text: string): IpAddress | undefined {
  if (text.length > MAX_TEXT) return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half, index) => groupsOf(half, index === halves.length - 1))
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined
  const groups = tail === undefined ? head : filled(head, tail)
  if (groups?.length !== GROUPS) return undefined
  return { family: 6, value: groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n) }
}

/** `::` stands for at least one group. */
function filled(head: readonly number[], tail: readonly number[]): number[] | undefined {
  const missing = GROUPS - head.length - tail.length
  return missing < 1 ? undefined : [...head, ...Array<number>(missing).fill(0), ...tail]
}

/** Groups of 16 bits; the very last two may be written as IPv4. */
function groupsOf(text: string, isLast: boolean): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const words = text.split(':')
  for (const [index, word] of words.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(word)) groups.push(Number.parseInt(word, 16))
    else {
      const value = isLast && index === words.length - 1 ? parseV4(word) : undefined
      if (value === undefined) return undefined
      groups.push(Math.floor(value / 65_536), value % 65_536)
    }
  }
  return groups
}

/** As RFC 5952 wants it, so that equal addresses have equal texts. IPv4-mapped addresses end in dotted decimal. */
export function formatAddress({ family, value }: IpAddress): string {
  if (family === 4) return formatV4(Number(value))
  if (value >> 32n === 0xffffn) return `::ffff:${formatV4(Number(value & 0xffff_ffffn))}`
  const groups = Array.from({ length: GROUPS }, (_, index) =>
    Number((value >> BigInt(112 - 16 * index)) & 0xffffn),
  )
  const hex = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':')
  const zeros = longestZeros(groups)
  if (zeros.length < 2) return hex(0, GROUPS)
  return `${hex(0, zeros.start)}::${hex(zeros.start + zeros.length, GROUPS)}`
}

function formatV4(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.')
}

/** The first of the longest runs of zeros. */
function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let run = { start: 0, length: 0 }
  for (const [index, group] of groups.entries()) {
    run = group === 0 ? { start: run.start, length: run.length + 1 } : { start: index + 1, length: 0 }
    if (run.length > best.length) best = run
  }
  return best
}
