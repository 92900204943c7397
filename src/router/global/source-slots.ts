/**
 * Which global address has which source ports of this router (ADR 17). Pure: knows neither agents nor sockets. No slot
 * ever stands for two addresses, and for another one only after it was quiet, given back, and forgotten by the agents.
 */
import { MAX_SOURCE_SLOTS } from '../../api/limits.ts'
import { SOURCE_PORTS, SOURCE_SLOT_PORTS } from '../../api/names.ts'
import type { Protocol } from '../../api/objects.ts'
import type { AnnouncedSources } from '../../link/sources.ts'
import { MAX_RESTING_PORTS, SLOT_FORGOTTEN_MS, SLOT_QUIET_MS, SLOT_SHARE, TIME_WAIT_MS } from './limits.ts'
import { portUser, Slot } from './slot.ts'

export interface SourceSlotsDeps {
  /** Monotonic time, milliseconds. */
  readonly now: () => number
  /** 0 to 1. */
  readonly random: () => number
  /** Whether no agent can still translate by what was announced before `version`. */
  readonly settled: (version: number) => boolean
}

/** What a port is wanted for. */
export interface SourceUse {
  /** The client's, which is answerable for the address. */
  readonly cluster: string
  readonly address: string
  readonly protocol: Protocol
  /** `address:port`. */
  readonly backend: string
}

/** A port that was given out. */
export interface TakenPort {
  readonly port: number
  readonly slot: Slot
  readonly user: string
}

export type Taken =
  | { readonly kind: 'port'; readonly taken: TakenPort }
  /** To be asked again once that version is announced, which it may not be yet, and in force. */
  | { readonly kind: 'announced'; readonly version: number }
  | { readonly kind: 'refused'; readonly reason: Shortage }

/** All slots are in use, or the cluster has its share of them. */
export const Shortage = { slots: 'slots', share: 'share' } as const
export type Shortage = (typeof Shortage)[keyof typeof Shortage]

interface RestingPort {
  readonly taken: TakenPort
  readonly until: number
}

/** A slot that stands for nothing. */
interface FreeSlot {
  readonly index: number
  /** When agents were told that it stands for its last address no more; absent: it never stood for one. */
  readonly given?: { readonly version: number; readonly at: number }
}

export class SourceSlots {
  readonly #deps: SourceSlotsDeps
  /** The first given back first. */
  readonly #free: FreeSlot[]
  readonly #used = new Map<number, Slot>()
  readonly #byAddress = new Map<string, Slot[]>()
  readonly #byCluster = new Map<string, number>()
  /** In the order they may be used again. */
  readonly #resting = new Set<RestingPort>()
  #version = 0
  #changed = false

  constructor(deps: SourceSlotsDeps) {
    this.#deps = deps
    // The process before us at this address may have begun elsewhere, and nodes may remember what it did.
    const start = Math.floor(deps.random() * MAX_SOURCE_SLOTS)
    this.#free = Array.from({ length: MAX_SOURCE_SLOTS }, (_, at) => ({
      index: (start + at) % MAX_SOURCE_SLOTS,
    }))
  }

  /** Slots that stand for addresses. */
  get size(): number {
    return this.#used.size
  }

  /** Whether there is something to announce. */
  get changed(): boolean {
    return this.#changed
  }

  /** A port for a new connection or association, to be given back with `give`. */
  take(use: SourceUse): Taken {
    this.#wake()
    const user = portUser(use.protocol, use.backend)
    let pending: Slot | undefined
    for (const slot of this.#byAddress.get(use.address) ?? []) {
      if (!slot.inForce) pending = slot
      else {
        const port = slot.take(user)
        if (port !== undefined)
          return { kind: 'port', taken: { port: firstOf(slot.index) + port, slot, user } }
      }
    }
    return pending === undefined ? this.#allot(use) : { kind: 'announced', version: pending.version }
  }

  /** `rests`: the connection may be in TIME_WAIT, or the kernel says so. */
  give(taken: TakenPort, rests: boolean): void {
    if (!rests) {
      this.#release(taken)
      return
    }
    this.#resting.add({ taken, until: this.#deps.now() + TIME_WAIT_MS })
    if (this.#resting.size > MAX_RESTING_PORTS) this.#wakeFirst()
  }

  /** All that agents are to know now, under a number of its own. */
  announce(): AnnouncedSources {
    this.#version += 1
    this.#changed = false
    const slots = [...this.#used.values()]
    return {
      version: this.#version,
      slots: new Map(slots.map(({ index, address }) => [firstOf(index), address])),
    }
  }

  /** Agents know `version`, or have had time to. */
  inForce(version: number): void {
    for (const slot of this.#used.values()) if (slot.version <= version) slot.inForce = true
  }

  /** Gives back what has been quiet for long; to be announced if `changed`. */
  giveBack(): void {
    this.#wake()
    const now = this.#deps.now()
    for (const slot of this.#used.values()) {
      if (slot.idleSince !== undefined && now - slot.idleSince >= SLOT_QUIET_MS) this.#giveBack(slot, now)
    }
  }

  #allot({ cluster, address }: SourceUse): Taken {
    const owned = this.#byCluster.get(cluster) ?? 0
    if (owned >= SLOT_SHARE * (MAX_SOURCE_SLOTS - this.#used.size)) return refused(this.#shortage())
    const [next] = this.#free
    if (next === undefined || !this.#isForgotten(next)) return refused(Shortage.slots)
    this.#free.shift()
    const version = this.#version + 1
    const slot = new Slot(next.index, address, cluster, version, this.#deps.now())
    this.#used.set(slot.index, slot)
    this.#byAddress.set(address, [...(this.#byAddress.get(address) ?? []), slot])
    this.#byCluster.set(cluster, owned + 1)
    this.#changed = true
    return { kind: 'announced', version }
  }

  #shortage(): Shortage {
    return this.#free.length === 0 ? Shortage.slots : Shortage.share
  }

  #isForgotten({ given }: FreeSlot): boolean {
    if (given === undefined) return true
    return this.#deps.settled(given.version) || this.#deps.now() - given.at >= SLOT_FORGOTTEN_MS
  }

  #giveBack(slot: Slot, at: number): void {
    this.#used.delete(slot.index)
    const others = (this.#byAddress.get(slot.address) ?? []).filter((other) => other !== slot)
    if (others.length === 0) this.#byAddress.delete(slot.address)
    else this.#byAddress.set(slot.address, others)
    const owned = (this.#byCluster.get(slot.cluster) ?? 0) - 1
    if (owned > 0) this.#byCluster.set(slot.cluster, owned)
    else this.#byCluster.delete(slot.cluster)
    this.#free.push({ index: slot.index, given: { version: this.#version + 1, at } })
    this.#changed = true
  }

  /** Ports that have rested long enough can be taken again. */
  #wake(): void {
    const now = this.#deps.now()
    for (const resting of this.#resting) {
      if (resting.until > now) break
      this.#resting.delete(resting)
      this.#release(resting.taken)
    }
  }

  #wakeFirst(): void {
    for (const resting of this.#resting) {
      this.#resting.delete(resting)
      this.#release(resting.taken)
      break
    }
  }

  #release({ slot, user, port }: TakenPort): void {
    slot.give(user, port - firstOf(slot.index), this.#deps.now())
  }
}

function firstOf(index: number): number {
  return SOURCE_PORTS.first + index * SOURCE_SLOT_PORTS
}

function refused(reason: Shortage): Taken {
  return { kind: 'refused', reason }
}
