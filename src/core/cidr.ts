/**
 * Blocks of IP addresses (CIDR): parsing, printing, what lies in what.
 */
import { bitsOf, formatAddress, type IpAddress, type IpFamily, parseAddress } from './ip.ts'

/** All addresses that share the first `prefix` bits with `first`, whose other bits are zero. */
export interface Cidr {
  readonly family: IpFamily
  /** Its lowest address, as a number. */
  readonly first: bigint
  readonly prefix: number
}

/** The block that `text` says, such as `242.0.0.0/8`; undefined when it is none, or names an address inside the block. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/')
  const address = parseAddress(text.slice(0, Math.max(0, slash)))
  const length = text.slice(slash + 1)
  if (address === undefined || !/^(0|[1-9]\d{0,2})$/.test(length)) return undefined
  const prefix = Number(length)
  if (prefix > bitsOf(address.family)) return undefined
  const block = blockAround(address, prefix)
  return block.first === address.value ? block : undefined
}

/** Equal blocks have equal texts. */
export function formatCidr({ family, first, prefix }: Cidr): string {
  return `${formatAddress({ family, value: first })}/${prefix}`
}

/** The block of that prefix that has the address in it. */
export function blockAround({ family, value }: IpAddress, prefix: number): Cidr {
  const hostBits = BigInt(bitsOf(family) - prefix)
  return { family, first: (value >> hostBits) << hostBits, prefix }
}

/** Number of addresses. */
export function sizeOf({ family, prefix }: Cidr): bigint {
  return 1n << BigInt(bitsOf(family) - prefix)
}

/** The highest address, as a number. */
export function lastOf(block: Cidr): bigint {
  return block.first + sizeOf(block) - 1n
}

/** Whether all of `inner` lies in `outer`. */
export function containsBlock(outer: Cidr, inner: Cidr): boolean {
  return outer.prefix <= inner.prefix && containsAddress(outer, { family: inner.family, value: inner.first })
}

export function containsAddress(block: Cidr, { family, value }: IpAddress): boolean {
  return family === block.family && value >= block.first && value <= lastOf(block)
}

/** Whether they share an address. One of them lies in the other then. */
export function overlaps(left: Cidr, right: Cidr): boolean {
  return containsBlock(left, right) || containsBlock(right, left)
}

/** The address `offset` after the first; undefined outside of the block. */
export function addressAt(block: Cidr, offset: bigint): IpAddress | undefined {
  if (offset < 0n || offset >= sizeOf(block)) return undefined
  return { family: block.family, value: block.first + offset }
}

/** How far the address is from the first; undefined outside of the block. */
export function offsetOf(block: Cidr, address: IpAddress): bigint | undefined {
  return containsAddress(block, address) ? address.value - block.first : undefined
}
