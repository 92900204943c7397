/**
 * Which ClusterIPs and node ports are taken, and which is next. Usage follows the stored Services, so a write that fails takes nothing.
 */
import type { ApiObject } from '../api-object.ts'
import { numberAt, objectsAt, stringAt, stringsAt } from '../json/access.ts'
import type { Bucket } from '../storage/bucket.ts'
import { familyOf, type IpFamily, ServiceRange } from './service-range.ts'

/** Node ports that may be given out, first and last. */
export const NODE_PORTS = { first: 30_000, last: 32_767 } as const

/** Low addresses are left for Services that name theirs, as Kubernetes does: at most this many. */
const MAX_STATIC_BAND = 256
const MIN_STATIC_BAND = 16

export class ServiceAddresses {
  readonly #addresses = new Map<string, number>()
  readonly #nodePorts = new Map<number, number>()
  /** The main family's first. */
  readonly #ranges: readonly ServiceRange[]
  readonly #next = new Map<ServiceRange, number>()
  #nextPort: number = NODE_PORTS.first

  /** `cidr` is a block such as 10.96.0.0/16, or two of different families with a comma between. */
  constructor(cidr: string, services: Bucket) {
    this.#ranges = cidr.split(',').map((each) => new ServiceRange(each))
    for (const range of this.#ranges) this.#next.set(range, staticBand(range))
    for (const service of services.values()) this.#count(service, 1)
    services.subscribe(({ object, previous, type }) => {
      if (previous !== undefined) this.#count(previous, -1)
      if (type !== 'DELETED') this.#count(object, 1)
    })
  }

  /** Those that there are, the main one first. */
  get families(): readonly IpFamily[] {
    return this.#ranges.map(({ family }) => family)
  }

  /** The first address of the main range: that of the API server's own Service. */
  get first(): string {
    return this.#ranges[0]?.addressAt(1) ?? ''
  }

  /** The block that an address of this family would have to be in: the main one when there is none. */
  cidrOf(family: IpFamily | undefined): string {
    return (this.#range(family) ?? this.#ranges[0])?.cidr ?? ''
  }

  /** A valid address of a range other than its first and last. */
  inRange(address: string): boolean {
    return this.#ranges.some((range) => range.has(address))
  }

  isTaken(address: string): boolean {
    return this.#addresses.has(address)
  }

  isPortTaken(port: number): boolean {
    return this.#nodePorts.has(port)
  }

  /** A free address; undefined when there is none. The upper part of the range is used first. */
  freeAddress(family?: IpFamily): string | undefined {
    const range = family === undefined ? this.#ranges[0] : this.#range(family)
    if (range === undefined) return undefined
    const usable = range.size - 2
    const next = this.#next.get(range) ?? 1
    for (let tried = 0; tried < usable; tried += 1) {
      const offset = 1 + ((next - 1 + tried) % usable)
      const address = range.addressAt(offset)
      if (this.isTaken(address)) continue
      this.#next.set(range, offset + 1)
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

  #range(family: IpFamily | undefined): ServiceRange | undefined {
    return this.#ranges.find((range) => range.family === family)
  }

  #count(service: ApiObject, by: 1 | -1): void {
    for (const address of new Set([
      stringAt(service, 'spec', 'clusterIP') ?? '',
      ...stringsAt(service, 'spec', 'clusterIPs'),
    ])) {
      if (familyOf(address) !== undefined) add(this.#addresses, address, by)
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

function staticBand({ size }: ServiceRange): number {
  return Math.min(Math.max(MIN_STATIC_BAND, size >>> 4), MAX_STATIC_BAND)
}
