/** One block of ClusterIPs as numbers from 0: the arithmetic of its family, and nothing of who has which. */
import { BlockList, isIPv4, isIPv6, SocketAddress } from 'node:net'

export type IpFamily = 'IPv4' | 'IPv6'

/** Family of an address in text; undefined when it is none. */
export function familyOf(address: string): IpFamily | undefined {
  if (isIPv4(address)) return 'IPv4'
  return isIPv6(address) ? 'IPv6' : undefined
}

export class ServiceRange {
  readonly cidr: string
  readonly family: IpFamily
  /** Addresses in it. */
  readonly size: number
  readonly #range = new BlockList()
  /** Text before the last group of an IPv6 block; the number of the first address of an IPv4 block. */
  readonly #prefix: string
  readonly #base: number

  /** An IPv4 block such as 10.96.0.0/16, or an IPv6 block of /112 such as fd00:96::/112. */
  constructor(cidr: string) {
    const [address = '', bits = '32'] = cidr.split('/')
    this.cidr = cidr
    this.family = familyOf(address) ?? 'IPv4'
    this.#range.addSubnet(address, Number(bits), this.family === 'IPv6' ? 'ipv6' : 'ipv4')
    this.size = 2 ** (this.family === 'IPv6' ? 16 : 32 - Number(bits))
    this.#prefix = address
    this.#base = this.family === 'IPv6' ? 0 : toNumber(address) - (toNumber(address) % this.size)
  }

  addressAt(offset: number): string {
    return this.family === 'IPv6' ? `${this.#prefix}${offset.toString(16)}` : toAddress(this.#base + offset)
  }

  /** A valid address of the range other than the first and last. */
  has(address: string): boolean {
    if (familyOf(address) !== this.family) return false
    if (!this.#range.check(address, this.family === 'IPv6' ? 'ipv6' : 'ipv4')) return false
    const offset = this.#offsetOf(address)
    return offset > 0 && offset < this.size - 1
  }

  #offsetOf(address: string): number {
    if (this.family === 'IPv4') return toNumber(address) - this.#base
    // The shortest text of it, of which the last group is all that differs.
    const text = new SocketAddress({ address, family: 'ipv6' }).address
    return Number.parseInt(text.split(':').at(-1) || '0', 16)
  }
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

function toAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
}
