/**
 * Puts advertisements into as few messages as they fit in. What several neighbours get is made once.
 */
import { MAX_ADVERTISEMENT_BYTES, MAX_ADVERTISEMENTS_PER_MESSAGE } from '../../api/limits.ts'
import type {
  AdvertisementChange,
  AgedAdvertisement,
  RouterAdvertisement,
  TopologyUpdate,
} from '../../api/router-advertisement.ts'
import { changeBetween } from './advertisement.ts'

/** One router's advertisement for one neighbour, and its length as JSON. */
type Item =
  | { readonly whole: AgedAdvertisement; readonly bytes: number }
  | { readonly change: AdvertisementChange; readonly bytes: number }

/** Makes items of one moment: the changes from what was told last, or the whole. */
export class UpdateItems {
  readonly #bases: ReadonlyMap<string, RouterAdvertisement>
  readonly #wholes = new Map<string, Item>()
  readonly #changes = new Map<string, Item | undefined>()

  /** `bases` are what neighbours were told last of routers that changed since. */
  constructor(bases: ReadonlyMap<string, RouterAdvertisement> = new Map()) {
    this.#bases = bases
  }

  /** For a neighbour that has sequence `known`. */
  item(advertisement: RouterAdvertisement, known: number | undefined, ageMs: number): Item {
    const { router } = advertisement
    const age = Math.max(0, Math.floor(ageMs / 1_000))
    const base = this.#bases.get(router)
    if (base !== undefined && base.sequence === known) {
      if (!this.#changes.has(router)) this.#changes.set(router, changeItem(base, advertisement, age))
      const change = this.#changes.get(router)
      if (change !== undefined) return change
    }
    const whole = this.#wholes.get(router) ?? wholeItem(advertisement, age)
    this.#wholes.set(router, whole)
    return whole
  }
}

function wholeItem(advertisement: RouterAdvertisement, age: number): Item {
  const whole = { age, advertisement }
  return { whole, bytes: JSON.stringify(whole).length }
}

function changeItem(base: RouterAdvertisement, next: RouterAdvertisement, age: number): Item | undefined {
  const change = changeBetween(base, next, age)
  return change === undefined ? undefined : { change, bytes: JSON.stringify(change).length }
}

/** One message in the making. */
export class UpdateMessage {
  readonly #advertisements: AgedAdvertisement[] = []
  readonly #changes: AdvertisementChange[] = []
  #bytes = 0

  get isEmpty(): boolean {
    return this.#advertisements.length + this.#changes.length === 0
  }

  /** Adds an item; false when it does not fit any more. The first always does. */
  add(item: Item): boolean {
    const items = this.#advertisements.length + this.#changes.length
    const isFull =
      items >= MAX_ADVERTISEMENTS_PER_MESSAGE || this.#bytes + item.bytes + 1 > MAX_ADVERTISEMENT_BYTES
    if (isFull && items > 0) return false
    this.#bytes += item.bytes + 1
    if ('whole' in item) this.#advertisements.push(item.whole)
    else this.#changes.push(item.change)
    return true
  }

  message(): TopologyUpdate {
    return { type: 'topology', advertisements: this.#advertisements, changes: this.#changes }
  }
}
