/** Addresses for pods out of one range. Takes the one freed longest ago, because neighbours remember old owners. */
import { LabError } from '../errors.ts'
import type { AddressRange } from '../topology.ts'

export class AddressPool {
  readonly #first: number
  readonly #last: number
  readonly #used = new Set<number>()
  #next: number

  constructor(range: AddressRange) {
    this.#first = toNumber(range.first)
    this.#last = toNumber(range.last)
    this.#next = this.#first
  }

  get used(): number {
    return this.#used.size
  }

  /** An address nobody has. Throws LabError when all are taken. */
  take(): string {
    if (this.#used.size > this.#last - this.#first)
      throw new LabError('no pod address is free in this cluster')
    while (this.#used.has(this.#next)) this.#advance()
    const taken = this.#next
    this.#used.add(taken)
    this.#advance()
    return toAddress(taken)
  }

  /** Gives an address back; one that was not taken is ignored. */
  release(address: string): void {
    this.#used.delete(toNumber(address))
  }

  #advance(): void {
    this.#next = this.#next === this.#last ? this.#first : this.#next + 1
  }
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

function toAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
}
