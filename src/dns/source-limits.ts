/**
 * How many messages each source may send: token buckets in a bounded table. Pure: time is handed in. Knows no sockets
 * and no messages.
 */
import { SOURCE_BURST_SECONDS, SOURCE_EVICTION_TRIES, SOURCES_MAX } from './limits.ts'
import { SourcePrefixes } from './source-prefix.ts'

/** What to do with a message: over the limit every second one is told to come by TCP, where addresses are proven. */
export const Verdict = { pass: 'pass', truncate: 'truncate', drop: 'drop' } as const
export type Verdict = (typeof Verdict)[keyof typeof Verdict]

export interface SourceRate {
  /** Messages a second that each source may send for ever. */
  readonly perSecond: number
  /** Messages at once; default: what comes together in SOURCE_BURST_SECONDS. At least 1. */
  readonly burst?: number
  /** Sources remembered; default SOURCES_MAX. */
  readonly sources?: number
}

interface Bucket {
  /** Undefined for the one bucket of all sources without a place. */
  prefix: string | undefined
  tokens: number
  /** When `tokens` was right, milliseconds. */
  at: number
  /** The last message over the limit was dropped, so the next one is answered. */
  dropped: boolean
}

/**
 * No source passes more than rate * time + burst, whatever the others do: only a full bucket loses its place, and a new
 * one begins with no more than the bucket shared by those without a place has left.
 */
export class SourceLimits {
  /** Tokens a millisecond. */
  readonly #rate: number
  readonly #burst: number
  readonly #max: number
  readonly #prefixes: SourcePrefixes
  readonly #byPrefix = new Map<string, Bucket>()
  /** The same buckets in a ring; `#hand` is the next to be looked at when a place is needed. */
  readonly #ring: Bucket[] = []
  #hand = 0
  readonly #shared: Bucket

  constructor({ perSecond, burst, sources = SOURCES_MAX }: SourceRate) {
    this.#rate = perSecond / 1000
    this.#burst = Math.max(1, burst ?? perSecond * SOURCE_BURST_SECONDS)
    this.#max = sources
    this.#prefixes = new SourcePrefixes(sources)
    this.#shared = { prefix: undefined, tokens: this.#burst, at: Number.NEGATIVE_INFINITY, dropped: false }
  }

  /** Sources remembered now. */
  get size(): number {
    return this.#ring.length
  }

  /** Judges one message from `address` at `now`, milliseconds that never go back. */
  judge(address: string, now: number): Verdict {
    const prefix = this.#prefixes.of(address)
    const bucket = this.#byPrefix.get(prefix) ?? this.#admit(prefix, now)
    this.#refill(bucket, now)
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1
      return Verdict.pass
    }
    bucket.dropped = !bucket.dropped
    return bucket.dropped ? Verdict.drop : Verdict.truncate
  }

  #refill(bucket: Bucket, now: number): void {
    bucket.tokens = Math.min(this.#burst, bucket.tokens + Math.max(0, now - bucket.at) * this.#rate)
    bucket.at = now
  }

  /** A bucket for a source that has none: a new one, that of an idle source, or the shared one. */
  #admit(prefix: string, now: number): Bucket {
    this.#refill(this.#shared, now)
    const bucket = this.#ring.length < this.#max ? this.#append(now) : this.#takeIdle(now)
    if (bucket === undefined) return this.#shared
    bucket.prefix = prefix
    bucket.tokens = this.#shared.tokens
    bucket.dropped = false
    this.#byPrefix.set(prefix, bucket)
    return bucket
  }

  #append(now: number): Bucket {
    const bucket: Bucket = { prefix: undefined, tokens: 0, at: now, dropped: false }
    this.#ring.push(bucket)
    return bucket
  }

  /** A bucket that is full, so that nobody gains from its being forgotten; looks at a few only. */
  #takeIdle(now: number): Bucket | undefined {
    for (let left = Math.min(SOURCE_EVICTION_TRIES, this.#ring.length); left > 0; left--) {
      const bucket = this.#ring[this.#hand] as Bucket
      this.#hand = (this.#hand + 1) % this.#ring.length
      this.#refill(bucket, now)
      if (bucket.tokens < this.#burst) continue
      if (bucket.prefix !== undefined) this.#byPrefix.delete(bucket.prefix)
      return bucket
    }
    return undefined
  }
}
