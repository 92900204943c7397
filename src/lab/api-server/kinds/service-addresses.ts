/**
 * Which ClusterIPs and node ports are taken, and which is next. Usage follows the stored Services, so a write that fails takes nothing.
 */
import { BlockList, isIPv4 } from 'node:net'
import type { ApiObject } from '../api-object.ts'
import { numberAt, objectsAt, stringAt, stringsAt } from '../json/access.ts'
import type { Bucket } from '../storage/bucket.ts'

/** Node ports that may be given out, first and last. */
export const NODE_PORTS = { first: 30_000, last: 32_767 } as const

/** Low addresses are left for Services that name theirs, as Kubernetes does: at most this many. */
const MAX_STATIC_BAND = 256
const MIN_STATIC_BAND = 16

export class ServiceAddresses {
  readonly #addresses = new Map<string, number>()
  readonly #nodePorts = new Map<number, number>()
  readonly #range: BlockList
  readonly #base: number
  readonly #size: number
  readonly cidr: string
  #next: number
  #nextPort: number = NODE_PORTS.first

  /** `cidr` is an IPv4 block such as 10.96.0.0/16. */
  constructor(cidr: string, services: Bucket) {
    const [address = '', bits = '32'] = cidr.split('/')
    this.cidr = cidr
    this.#range = new BlockList()
    this.#range.addSubnet(address, Number(bits), 'ipv4')
    this.#size = 2 ** (32 - Number(bits))
    this.#base = toNumber(address) - (toNumber(address) % this.#size)
    this.#next = this.#staticBand
    for (const service of services.values()) this.#count(service, 1)
    services.subscribe(({ object, previous, type }) => {
      if (previous !== undefined) this.#count(previous, -1)
      if (type !== 'DELETED') this.#count(object, 1)
    })
  }

  /** The first address of the range: that of the API server's own Service. */
  get first(): string {
    return toAddress(this.#base + 1)
  }

  get #staticBand(): number {
    return Math.min(Math.max(MIN_STATIC_BAND, this.#size >>> 4), MAX_STATIC_BAND)
  }

  /** A valid address of the range other than the first and last. */
  inRange(address: string): boolean {
    if (!isIPv4(address) || !this.#range.check(address, 'ipv4')) return false
    const offset = toNumber(address) - this.#base
    return offset > 0 && offset < this.#size - 1
  }

  isTaken(address: string): boolean {
    return this.#addresses.has(address)
  }

  isPortTaken(port: number): boolean {
    return this.#nodePorts.has(port)
  }

  /** A free address; undefined when there is none. The upper part of the range is used first. */
  freeAddress(): string | undefined {
    const usable = this.#size - 2
    for (let tried = 0; tried < usable; tried += 1) {
      const offset = 1 + ((this.#next - 1 + tried) % usable)
      const address = toAddress(this.#base + offset)
      if (this.isTaken(address)) continue
      this.#next = offset + 1
      return address
    }
    return undefined
  }

  /** A free node port that is not in `except`; undefined when there is none. */
  freePort(except: ReadonlySet<number>): number | undefined {
    const count = NODE_PORTS.last - NODE_PORTS.first + 1
    for (let tried = 0; tried < count; tried += 1) {
      const port = NODE_PORTS.first + ((this.#nextPort - NODE_PORTS.first + tried) % count)
      if (this.isPortTaken(port) || except.has(port)) continue
      this.#nextPort = port + 1
      return port
    }
    return undefined
  }

  #count(service: ApiObject, by: 1 | -1): void {
    for (const address of new Set([
      stringAt(service, 'spec', 'clusterIP') ?? '',
      ...stringsAt(service, 'spec', 'clusterIPs'),
    ])) {
      if (isIPv4(address)) add(this.#addresses, address, by)
    }
    for (const port of objectsAt(service, 'spec', 'ports')) {
      const nodePort = numberAt(port, 'nodePort') ?? 0
      if (nodePort !== 0) add(this.#nodePorts, nodePort, by)
    }
  }
}

function add<K>(counts: Map<K, number>, key: K, by: number): void {
  const count = (counts.get(key) ?? 0) + by
  if (count <= 0) counts.delete(key)
  else counts.set(key, count)
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

function toAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
}
