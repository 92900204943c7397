/**
 * Silence in both directions: empty frames so that the peer does not take us for dead, and an end to peers that are
 * silent or never finish a frame (AMQP 1.0 section 2.4.5).
 */
import type { Cancel, Clock } from '../../core/clock.ts'
import { FRAME_TIMEOUT_MS } from '../limits.ts'

/** Looks per announced idle time-out; death is declared after four looks, twice the announced time. */
const LOOKS = 2

/** Looks per idle time-out of the peer at whether something was sent: at most two thirds of it pass in silence. */
const BEATS = 3

/** Milliseconds between looks when silence is allowed. */
const DEFAULT_LOOK_MS = 5000

export interface KeepAliveDeps {
  readonly clock: Clock
  /** Bytes and frames received so far, and whether a frame has begun. */
  readonly inbound: { readonly bytes: number; readonly frames: number; readonly inFrame: boolean }
  readonly outbound: { readonly flushes: number }
  readonly sendHeartbeat: () => void
  readonly onSilence: (what: string) => void
  /** Other things that expire. */
  readonly onLook: () => void
}

export class KeepAlive {
  readonly #deps: KeepAliveDeps
  #idleMs: number
  #looking: Cancel = () => {}
  readonly #timers: Cancel[] = []
  #received = 0
  #flushed = 0
  #frames = 0
  #silentLooks = 0
  #frameSince = 0

  /** `idleMs` 0 allows silence. */
  constructor(deps: KeepAliveDeps, idleMs: number) {
    this.#deps = deps
    this.#idleMs = idleMs
  }

  /** Watches from now on. */
  start(): void {
    this.#frameSince = this.#deps.clock.monotonic()
    this.#lookEvery(this.#idleMs > 0 ? this.#idleMs / LOOKS : DEFAULT_LOOK_MS)
  }

  /** Allows the peer more silence than was announced; never less. */
  allow(idleMs: number): void {
    if (this.#idleMs === 0 || idleMs <= this.#idleMs) return
    this.#idleMs = idleMs
    this.#silentLooks = 0
    this.#lookEvery(idleMs / LOOKS)
  }

  /** Sends heartbeats for a peer that hangs up after `peerIdleMs` of silence. */
  beat(peerIdleMs: number): void {
    this.#timers.push(this.#deps.clock.every(peerIdleMs / BEATS, () => this.#beatOnce()))
  }

  stop(): void {
    this.#looking()
    for (const cancel of this.#timers.splice(0)) cancel()
  }

  #lookEvery(ms: number): void {
    this.#looking()
    this.#looking = this.#deps.clock.every(ms, () => this.#look())
  }

  #beatOnce(): void {
    const flushed = this.#deps.outbound.flushes
    if (flushed === this.#flushed) this.#deps.sendHeartbeat()
    this.#flushed = flushed
  }

  #look(): void {
    const received = this.#deps.inbound.bytes
    this.#silentLooks = received === this.#received ? this.#silentLooks + 1 : 0
    this.#received = received
    if (this.#idleMs > 0 && this.#silentLooks >= 2 * LOOKS) this.#deps.onSilence('nothing was received')
    else this.#lookAtFrame()
    this.#deps.onLook()
  }

  /** A frame that trickles in keeps the connection from being silent, but not for ever. */
  #lookAtFrame(): void {
    const now = this.#deps.clock.monotonic()
    const frames = this.#deps.inbound.frames
    if (frames !== this.#frames || !this.#deps.inbound.inFrame) this.#frameSince = now
    this.#frames = frames
    if (now - this.#frameSince > FRAME_TIMEOUT_MS) this.#deps.onSilence('a frame was not finished')
  }
}
