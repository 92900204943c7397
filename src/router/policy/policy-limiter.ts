/**
 * What one policy's limits leave room for now, in this router.
 */
import type { AccessLimits } from '../../api/access-policy.ts'
import { DenialReason } from '../../api/policy-denials.ts'
import type { Clock } from '../../core/clock.ts'
import { ByteMeter } from './byte-meter.ts'
import { CONNECTION_BURST_MS } from './limits.ts'
import { TokenBucket } from './token-bucket.ts'

export class PolicyLimiter {
  readonly bytes: ByteMeter
  readonly #clock: Clock
  #maxOpen = Number.POSITIVE_INFINITY
  #rate: TokenBucket | undefined
  #open = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.bytes = new ByteMeter(clock)
  }

  /** Flows that count. */
  get open(): number {
    return this.#open
  }

  /** Other limits from now on. Of flows that are open none ends for it. */
  configure({ connections, connectionsPerSecond, bytesPerSecond }: AccessLimits): void {
    this.#maxOpen = connections ?? Number.POSITIVE_INFINITY
    const now = this.#clock.monotonic()
    if (connectionsPerSecond === undefined) this.#rate = undefined
    else if (this.#rate === undefined)
      this.#rate = new TokenBucket(connectionsPerSecond, CONNECTION_BURST_MS, now)
    else this.#rate.change(connectionsPerSecond, CONNECTION_BURST_MS, now)
    this.bytes.rate = bytesPerSecond
  }

  /** Why there is no room for a new flow; undefined when there is. */
  refusal(): DenialReason | undefined {
    if (this.#open >= this.#maxOpen) return DenialReason.connections
    return this.#rate?.has(this.#clock.monotonic()) === false ? DenialReason.connectionRate : undefined
  }

  /** Counts a new flow. */
  enter(): void {
    this.#rate?.take(this.#clock.monotonic())
    this.#open += 1
  }

  /** Counts one that was there before the policy was about it. */
  join(): void {
    this.#open += 1
  }

  leave(): void {
    this.#open -= 1
  }
}
