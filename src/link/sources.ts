/**
 * What routers tell agents about their source ports, at both ends: the router's changes as messages, and the messages
 * put together again. All of them first, then changes; a slow agent is told several changes in one.
 */
import type { SourceSlot } from '../api/global-source.ts'
import { SOURCE_PORTS, SOURCE_SLOT_PORTS } from '../api/names.ts'
import type { Cancel } from '../core/clock.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import { Condition, ViolationError } from './errors.ts'
import type { Sources } from './messages.ts'

/** The slots of one router at one time. */
export interface AnnouncedSources {
  /** Grows with each change while the process lives. */
  readonly version: number
  /** First port of a slot -> the global address it stands for. At most MAX_SOURCE_SLOTS. */
  readonly slots: ReadonlyMap<number, string>
}

/** What a router announces that has no slots. */
export const NO_SOURCES: AnnouncedSources = { version: 0, slots: new Map() }

/** The sending side of a session. */
interface SourcesChannel {
  send(message: Sources, onAccepted?: () => void): void
}

/** The router's side. One message is on its way at a time. */
export class SourcesReport {
  readonly #channel: SourcesChannel
  readonly #sources: SnapshotSource<AnnouncedSources>
  #told: AnnouncedSources | undefined
  #sending = false
  #unfollow: Cancel = () => {}

  constructor(channel: SourcesChannel, sources: SnapshotSource<AnnouncedSources>) {
    this.#channel = channel
    this.#sources = sources
  }

  /** The last version that was told; undefined while none was. */
  get told(): number | undefined {
    return this.#told?.version
  }

  /** Tells all slots, and from then on what changes. */
  start(): void {
    this.#unfollow = this.#sources.subscribe(() => this.#report())
    this.#report()
  }

  stop(): void {
    this.#unfollow()
  }

  #report(): void {
    const sources = this.#sources.current()
    if (this.#sending || sources.version === this.#told?.version) return
    const message = sourcesMessage(this.#told ?? NO_SOURCES, sources)
    this.#told = sources
    this.#sending = true
    this.#channel.send(message, () => {
      this.#sending = false
      this.#report()
    })
  }
}

function sourcesMessage({ slots: before }: AnnouncedSources, { version, slots }: AnnouncedSources): Sources {
  const changed = [...slots].filter(([first, address]) => before.get(first) !== address)
  return {
    type: 'sources',
    version,
    upserts: changed.map(([first, address]) => [first, lastOf(first), address]),
    removes: [...before.keys()].filter((first) => !slots.has(first)),
  }
}

/** The agent's side: what one router has told in one session. */
export class SourcesAssembly {
  readonly #slots = new Map<number, SourceSlot>()
  #version = -1

  /** Takes a message; the slots that there are now, by their ports. Throws ViolationError when it is not as it must be. */
  add({ version, upserts, removes }: Sources): SourceSlot[] {
    if (version <= this.#version)
      throw new ViolationError(Condition.invalidField, `version ${version} of sources after ${this.#version}`)
    this.#version = version
    for (const first of removes) this.#slots.delete(first)
    for (const [first, last, address] of upserts) this.#slots.set(first, slotOf(first, last, address))
    return [...this.#slots.values()].sort((a, b) => a.first - b.first)
  }
}

/** Slots that begin and end where they have to never overlap, and are never more than MAX_SOURCE_SLOTS. */
function slotOf(first: number, last: number, address: string): SourceSlot {
  if ((first - SOURCE_PORTS.first) % SOURCE_SLOT_PORTS === 0 && last === lastOf(first)) {
    return { first, last, address }
  }
  throw new ViolationError(Condition.invalidField, `ports ${first} to ${last} are no slot`)
}

function lastOf(first: number): number {
  return first + SOURCE_SLOT_PORTS - 1
}
