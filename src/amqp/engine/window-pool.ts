/**
 * How much the receive windows of one connection may be together: each begins small and is widened while its reader keeps
 * up, so that fast readers are fast and readers that stop cost little, however many they are.
 */

/** Shared by all flows of a connection. */
export class WindowPool {
  /** Bytes of every window from its beginning; told to the peer in our open. */
  readonly initial: number
  /** Widest window, bytes. */
  readonly most: number
  #left: number

  /** `spare` bytes are shared by the windows that are widened. */
  constructor(initial: number, most: number, spare: number) {
    this.initial = initial
    this.most = most
    this.#left = spare
  }

  /** Bytes that windows can still be widened by. */
  get left(): number {
    return this.#left
  }

  /** By how much a window of `bytes` may be widened: twice as wide, or not at all. */
  widen(bytes: number): number {
    const more = Math.min(bytes, this.most - bytes)
    if (more > this.#left) return 0
    this.#left -= more
    return more
  }

  /** A window of `bytes` is used no more. */
  release(bytes: number): void {
    this.#left += bytes - this.initial
  }
}
