/**
 * Keeps objects as they are until it is recorded elsewhere that what they give up rests: at each moment one of the two says
 * so, and a controller that is killed in between forgets no address that others may still have.
 */
import type { RestingAddress } from './address-pool.ts'
import { restingStatus } from './rest-records.ts'

/** When the rest of an address is over, as it is recorded. */
type Ends = ReadonlyMap<string, string>

/** Of one term. */
export class RestGate {
  readonly #again: (key: string) => void
  readonly #held = new Set<string>()
  #planned: Ends = new Map()
  #recorded: Ends = new Map()

  /** `again` is called with the key of each object that was held when it need not be held any more. */
  constructor(again: (key: string) => void) {
    this.#again = again
  }

  /** What rests by the latest plan. */
  plan(resting: readonly RestingAddress[]): void {
    this.#planned = endsOf(resting)
  }

  /** Whether an object has to go on recording one of the addresses. What there is no room to record is not waited for. */
  holds(key: string, addresses: readonly string[]): boolean {
    const isHeld = addresses.some((address) => {
      const end = this.#planned.get(address)
      return end !== undefined && end !== this.#recorded.get(address)
    })
    if (isHeld) this.#held.add(key)
    return isHeld
  }

  /** It is recorded that these rest, or nothing needs to be recorded any more. */
  record(resting: readonly RestingAddress[]): void {
    this.#recorded = endsOf(resting)
    const held = [...this.#held]
    this.#held.clear()
    for (const key of held) this.#again(key)
  }
}

function endsOf(resting: readonly RestingAddress[]): Ends {
  return new Map(restingStatus(resting).map(({ address, until }) => [address, until]))
}
