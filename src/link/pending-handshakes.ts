/**
 * Connections that have not finished TLS. When there are too many the oldest goes: an honest peer is done within
 * milliseconds, so a flood of half-open connections pushes out itself.
 */

/** A connection of any kind. */
export interface PendingConnection {
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
  once(event: 'close', listener: () => void): unknown
  destroy(): unknown
  resetAndDestroy(): unknown
}

/** Keyed by the remote address and port, which the TLS socket shows as well. */
export class PendingHandshakes {
  readonly #limit: number
  readonly #sockets = new Map<string, PendingConnection>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#sockets.size
  }

  /** Remembers a new connection; returns the address of one that had to give way. */
  add(socket: PendingConnection): string | undefined {
    const key = remoteName(socket)
    this.#sockets.set(key, socket)
    socket.once('close', () => this.#sockets.get(key) === socket && this.#sockets.delete(key))
    return this.#sockets.size > this.#limit ? this.#evictOldest() : undefined
  }

  /** The handshake is over, well or not. */
  done(socket: PendingConnection): void {
    this.#sockets.delete(remoteName(socket))
  }

  /** Drops all. */
  clear(): void {
    for (const socket of this.#sockets.values()) socket.destroy()
    this.#sockets.clear()
  }

  #evictOldest(): string | undefined {
    const [oldest] = this.#sockets
    if (oldest === undefined) return undefined
    const [key, socket] = oldest
    this.#sockets.delete(key)
    const address = socket.remoteAddress
    socket.resetAndDestroy()
    return address ?? 'unknown'
  }
}

/** Address and port of the other side. */
function remoteName(socket: PendingConnection): string {
  return `${socket.remoteAddress ?? 'unknown'} ${socket.remotePort ?? 0}`
}
