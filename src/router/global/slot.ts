/**
 * The ports of one slot: which are taken towards which backend. They go round, so that one is not used again soon.
 */

import { SOURCE_SLOT_PORTS } from '../../api/names.ts'
import type { Protocol } from '../../api/objects.ts'

/** A slot while it stands for an address. Its ports are counted from 0. */
export class Slot {
  readonly index: number
  readonly address: string
  /** The cluster it is counted for. */
  readonly cluster: string
  /** With which it was announced. */
  readonly version: number
  /** Agents know it, or have had time to. */
  inForce = false
  /** Since when no port of it is taken; undefined while one is. */
  idleSince: number | undefined
  #next = 0
  /** By user; those that have none are not in here. */
  readonly #taken = new Map<string, Set<number>>()

  constructor(index: number, address: string, cluster: string, version: number, now: number) {
    this.index = index
    this.address = address
    this.cluster = cluster
    this.version = version
    this.idleSince = now
  }

  /** The next port that `user` has not taken; undefined when it has all. */
  take(user: string): number | undefined {
    const taken = this.#taken.get(user) ?? new Set()
    if (taken.size >= SOURCE_SLOT_PORTS) return undefined
    while (taken.has(this.#next)) this.#turn()
    const port = this.#next
    this.#turn()
    this.#taken.set(user, taken.add(port))
    this.idleSince = undefined
    return port
  }

  give(user: string, port: number, now: number): void {
    const taken = this.#taken.get(user)
    taken?.delete(port)
    if (taken?.size === 0) this.#taken.delete(user)
    if (this.#taken.size === 0) this.idleSince = now
  }

  #turn(): void {
    this.#next = (this.#next + 1) % SOURCE_SLOT_PORTS
  }
}

/** TCP connections to different backends may share a port; a UDP association has its port alone. */
export function portUser(protocol: Protocol, backend: string): string {
  return protocol === 'TCP' ? backend : protocol
}
