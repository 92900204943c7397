/**
 * How many connections each source and all together may open: token buckets in a bounded table. Pure: time is handed in.
 */
import { parseAddress } from '../../core/ip.ts'

export interface Rate {
  /** For ever. */
  readonly perSecond: number
  /** At once. */
  readonly burst: number
}

export interface SourceRateConfig {
  readonly source: Rate
  readonly total: Rate
  /** Sources remembered. */
  readonly maxSources: number
}

interface Bucket {
  tokens: number
  /** When `tokens` was right, milliseconds. */
  at: number
}

/** A source that is forgotten begins with a full bucket again: the bucket of all together bounds what that can gain. */
export class SourceRate {
  readonly #config: SourceRateConfig
  readonly #total: Bucket
  /** Least recently heard first. */
  readonly #sources = new Map<string, Bucket>()

  constructor(config: SourceRateConfig) {
    this.#config = config
    this.#total = { tokens: config.total.burst, at: Number.NEGATIVE_INFINITY }
  }

  /** Sources remembered now. */
  get size(): number {
    return this.#sources.size
  }

  /** Whether `address` may open one more connection at `now`, milliseconds that never go back. One that may not costs the others nothing. */
  take(address: string, now: number): boolean {
    const bucket = this.#bucketOf(sourceOf(address), now)
    refill(bucket, this.#config.source, now)
    refill(this.#total, this.#config.total, now)
    if (bucket.tokens < 1 || this.#total.tokens < 1) return false
    bucket.tokens -= 1
    this.#total.tokens -= 1
    return true
  }

  #bucketOf(source: string, now: number): Bucket {
    const bucket = this.#sources.get(source) ?? { tokens: this.#config.source.burst, at: now }
    this.#sources.delete(source)
    const [oldest] = this.#sources.keys()
    if (this.#sources.size >= this.#config.maxSources && oldest !== undefined) this.#sources.delete(oldest)
    this.#sources.set(source, bucket)
    return bucket
  }
}

function refill(bucket: Bucket, { perSecond, burst }: Rate, now: number): void {
  bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, now - bucket.at) * perSecond) / 1000)
  bucket.at = now
}

/** Who has one IPv6 address has its whole /64. IPv4 that comes over an IPv6 socket is IPv4. */
function sourceOf(text: string): string {
  const address = parseAddress(text)
  if (address === undefined) return text
  if (address.family === 4) return `4 ${address.value}`
  if (address.value >> 32n === 0xffffn) return `4 ${address.value & 0xffff_ffffn}`
  return `6 ${address.value >> 64n}`
}
