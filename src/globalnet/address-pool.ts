/**
 * The addresses of one block: who owns which, which rest, which are free. Every operation takes at most logarithmic time,
 * and memory is proportional to what is owned or rests. Pure but for its own state; times are handed in.
 */
import { addressAt, type Cidr, offsetOf, sizeOf } from '../core/cidr.ts'
import { hash32 } from '../core/hash.ts'
import type { IpAddress } from '../core/ip.ts'
import { Deadlines } from './deadlines.ts'
import { FreeOffsets } from './free-offsets.ts'
import { ADDRESS_QUIET_MS } from './limits.ts'

export type Allocation =
  | { readonly kind: 'allocated'; readonly address: IpAddress }
  /** `retryAt` is when the first address that rests becomes free. */
  | { readonly kind: 'exhausted'; readonly retryAt?: number }

export type Reservation =
  | { readonly kind: 'reserved' }
  | { readonly kind: 'taken'; readonly by: string }
  /** The owner has another one. */
  | { readonly kind: 'second'; readonly has: IpAddress }
  /** `by` gave it up not long ago. */
  | { readonly kind: 'resting'; readonly by: string; readonly until: number }
  | { readonly kind: 'outside' }

/** An address that was given up. Its last owner may have it back; others from `until` on. */
export interface RestingAddress {
  readonly owner: string
  readonly address: IpAddress
  readonly until: number
}

interface Rest {
  readonly owner: string
  readonly until: number
}

/** One address for each owner. Places in it are counted from the first address that is used. */
export class AddressPool {
  readonly block: Cidr
  readonly #quietMs: number
  /** Addresses before the first that is used. */
  readonly #skipped: bigint
  readonly #free: FreeOffsets
  readonly #owners = new Map<number, string>()
  readonly #owned = new Map<string, number>()
  readonly #resting = new Map<number, Rest>()
  /** Where the last owner of a resting address finds it. */
  readonly #left = new Map<string, number>()
  readonly #deadlines = new Deadlines()

  /** Of an IPv4 block the first and the last address are not used: some hosts take them for network and broadcast. */
  constructor(block: Cidr, quietMs = ADDRESS_QUIET_MS) {
    this.block = block
    this.#quietMs = quietMs
    this.#skipped = block.family === 4 ? 1n : 0n
    this.#free = new FreeOffsets(Math.max(0, Number(sizeOf(block) - 2n * this.#skipped)))
  }

  /** Addresses that owners can have. */
  get total(): number {
    return this.#free.total
  }

  get allocated(): number {
    return this.#owners.size
  }

  addressOf(owner: string): IpAddress | undefined {
    const place = this.#owned.get(owner)
    return place === undefined ? undefined : this.#addressAt(place)
  }

  ownerOf(address: IpAddress): string | undefined {
    const place = this.#placeOf(address)
    return place === undefined ? undefined : this.#owners.get(place)
  }

  /**
   * The owner's address: the one it has, else the one it gave up and that still rests, else the one that its name hashes
   * to, else any free one. So it mostly gets the same address again when all is forgotten.
   */
  allocate(owner: string, now: number): Allocation {
    this.#wake(now)
    const place = this.#owned.get(owner) ?? this.#left.get(owner) ?? this.#choose(owner)
    if (place === undefined) {
      const retryAt = this.#deadlines.first()
      return { kind: 'exhausted', ...(retryAt !== undefined && { retryAt }) }
    }
    this.#own(owner, place)
    return { kind: 'allocated', address: this.#addressAt(place) }
  }

  /** Gives the owner this very address, as it was recorded. Again changes nothing. */
  reserve(owner: string, address: IpAddress, now: number): Reservation {
    this.#wake(now)
    const place = this.#placeOf(address)
    if (place === undefined) return { kind: 'outside' }
    const has = this.#owned.get(owner) ?? place
    if (has !== place) return { kind: 'second', has: this.#addressAt(has) }
    const by = this.#owners.get(place) ?? owner
    if (by !== owner) return { kind: 'taken', by }
    const rest = this.#resting.get(place)
    if (rest !== undefined && rest.owner !== owner)
      return { kind: 'resting', by: rest.owner, until: rest.until }
    this.#own(owner, place)
    return { kind: 'reserved' }
  }

  /** The owner's address rests from now on; undefined when it has none. */
  release(owner: string, now: number): RestingAddress | undefined {
    this.#wake(now)
    const place = this.#owned.get(owner)
    if (place === undefined) return undefined
    this.#owned.delete(owner)
    this.#owners.delete(place)
    return this.#rest(place, { owner, until: now + this.#quietMs })
  }

  /** Takes up what rested before a restart. False when the address is owned, or none of the block. */
  rest({ owner, address, until }: RestingAddress): boolean {
    const place = this.#placeOf(address)
    if (place === undefined || this.#owners.has(place)) return false
    if (until > (this.#resting.get(place)?.until ?? Number.NEGATIVE_INFINITY)) {
      this.#forgetRest(place)
      this.#free.take(place)
      this.#rest(place, { owner, until })
    }
    return true
  }

  /** Whether it was given up and is not free yet, as of the last time that was handed in. */
  isResting(address: IpAddress): boolean {
    const place = this.#placeOf(address)
    return place !== undefined && this.#resting.has(place)
  }

  /** All that rests, the soonest free first. */
  resting(now: number): RestingAddress[] {
    this.#wake(now)
    return [...this.#resting]
      .map(([place, rest]) => ({ ...rest, address: this.#addressAt(place) }))
      .sort((left, right) => left.until - right.until || Number(left.address.value - right.address.value))
  }

  #choose(owner: string): number | undefined {
    if (this.#free.size === 0) return undefined
    const preferred = hash32(owner) % this.#free.total
    if (this.#free.isFree(preferred)) return preferred
    return this.#free.nth(hash32(`${owner}|next`) % this.#free.size)
  }

  #own(owner: string, place: number): void {
    this.#forgetRest(place)
    if (this.#free.isFree(place)) this.#free.take(place)
    this.#owners.set(place, owner)
    this.#owned.set(owner, place)
  }

  /** The place is taken already. */
  #rest(place: number, rest: Rest): RestingAddress {
    this.#resting.set(place, rest)
    this.#left.set(rest.owner, place)
    this.#deadlines.set(place, rest.until)
    return { ...rest, address: this.#addressAt(place) }
  }

  /** Frees what has rested long enough. */
  #wake(now: number): void {
    for (
      let place = this.#deadlines.takeDue(now);
      place !== undefined;
      place = this.#deadlines.takeDue(now)
    ) {
      this.#forgetRest(place)
    }
  }

  #forgetRest(place: number): void {
    const rest = this.#resting.get(place)
    if (rest === undefined) return
    this.#resting.delete(place)
    this.#deadlines.delete(place)
    if (this.#left.get(rest.owner) === place) this.#left.delete(rest.owner)
    this.#free.give(place)
  }

  #placeOf(address: IpAddress): number | undefined {
    const offset = offsetOf(this.block, address)
    if (offset === undefined) return undefined
    const place = Number(offset - this.#skipped)
    return place >= 0 && place < this.#free.total ? place : undefined
  }

  #addressAt(place: number): IpAddress {
    const address = addressAt(this.block, BigInt(place) + this.#skipped)
    if (address === undefined) throw new RangeError(`no place ${place}`)
    return address
  }
}
