/**
 * Notices a peer that has gone silent. Counts the beats of our own timer, not time: when this process was the one that
 * stood still, only one beat is missed and the peer's bytes are read before the next.
 */
import { PINGS_PER_KEEP_ALIVE } from './limits.ts'

export interface HeartbeatConfig {
  readonly intervalMs: number
  readonly deadMs: number
}

/** For a line on which so much silence is allowed. */
export function heartbeatOf(keepAliveMs: number): HeartbeatConfig {
  return { intervalMs: keepAliveMs / PINGS_PER_KEEP_ALIVE, deadMs: keepAliveMs }
}

/** Fed with the byte count at each beat. */
export class SilenceDetector {
  readonly #allowed: number
  #seen = 0
  #silentBeats = 0

  constructor({ intervalMs, deadMs }: HeartbeatConfig) {
    this.#allowed = Math.max(1, Math.round(deadMs / intervalMs))
  }

  /** True when nothing has come for the configured number of beats. */
  beat(bytesRead: number): boolean {
    this.#silentBeats = bytesRead === this.#seen ? this.#silentBeats + 1 : 0
    this.#seen = bytesRead
    return this.#silentBeats >= this.#allowed
  }
}
