/**
 * Keeps one neighbour's advertisements equal to ours: a digest first, then what it lacks, then what is new. Never sends it
 * what it has, over however many sessions; what was on its way on a session that ends is sent again on another.
 */
import { MAX_LISTED_ROUTERS } from '../../api/limits.ts'
import type {
  RouterAdvertisement,
  TopologyDigest,
  TopologyMessage,
  TopologyRequest,
} from '../../api/router-advertisement.ts'
import type { AdvertisementDatabase } from './advertisement-database.ts'
import { TopologyViolation } from './errors.ts'
import { MAX_ROUTERS } from './limits.ts'
import { UpdateItems, UpdateMessage } from './update-builder.ts'

/** The sending side of one session with a neighbour. */
export interface TopologyChannel {
  /** The neighbour takes more now. */
  readonly writable: boolean
  /** `onAccepted` is called when the neighbour has worked the message off. */
  send(message: TopologyMessage, onAccepted?: () => void): void
}

export interface NeighbourSyncDeps {
  readonly database: AdvertisementDatabase
  /** How old an advertisement is now, milliseconds. */
  readonly ageOf: (router: string) => number
  readonly onSent: () => void
}

interface Line {
  readonly channel: TopologyChannel
  /** Parts of a digest still to be sent. */
  digest: TopologyDigest[]
  /** What was sent and not accepted yet; the session's credit bounds it. */
  readonly unaccepted: Set<readonly string[]>
}

export class NeighbourSync {
  readonly #deps: NeighbourSyncDeps
  readonly #lines = new Map<TopologyChannel, Line>()
  /** Sequences that the neighbour has, by what it said, sent and was sent; of routers in our database only. */
  readonly #known = new Map<string, number>()
  /** Routers whose advertisements the neighbour lacks. */
  readonly #owed = new Set<string>()
  /** Routers whose advertisements we want whole. */
  readonly #wanted = new Set<string>()
  /** Routers in the digest that is being received. */
  #listed = 0
  /** The neighbour has told all that it has. */
  #isReady = false

  constructor(deps: NeighbourSyncDeps) {
    this.#deps = deps
  }

  /** A session begins: both sides tell what they have. */
  open(channel: TopologyChannel): void {
    this.#lines.set(channel, { channel, digest: this.#digest(), unaccepted: new Set() })
    this.pump()
  }

  /** A session is over; says whether there is another. */
  close(channel: TopologyChannel): boolean {
    const line = this.#lines.get(channel)
    this.#lines.delete(channel)
    for (const routers of line?.unaccepted ?? []) {
      for (const router of routers) {
        this.#known.delete(router)
        this.owe(router)
      }
    }
    this.pump()
    return this.#lines.size > 0
  }

  /** Compares everything anew, whatever was thought to be known. */
  compare(): void {
    const [line] = this.#lines.values()
    if (line === undefined || line.digest.length > 0) return
    line.digest = this.#digest()
    this.pump()
  }

  /** The neighbour has this sequence of a router. */
  learn(router: string, sequence: number): void {
    if ((this.#known.get(router) ?? 0) < sequence) this.#known.set(router, sequence)
  }

  /** Forgets what the neighbour is thought to have of a router. */
  forget(router: string): void {
    this.#known.delete(router)
    this.#owed.delete(router)
  }

  /** The neighbour is to get what we have of a router, where it has not. Sent by `pump`. */
  owe(router: string): void {
    const entry = this.#deps.database.get(router)
    if (entry !== undefined && this.#lacks(entry.advertisement)) this.#owed.add(router)
  }

  /** We lack what a change of a router was made from. */
  want(router: string): void {
    if (this.#wanted.size < MAX_LISTED_ROUTERS) this.#wanted.add(router)
  }

  /** Takes a part of a digest. */
  onDigest({ part, last, routers }: TopologyDigest): void {
    if (part === 0) {
      this.#known.clear()
      this.#isReady = false
      this.#listed = 0
    }
    this.#listed += routers.length
    if (this.#listed > MAX_ROUTERS) throw new TopologyViolation('limit', 'a digest of too many routers')
    for (const [router, sequence] of routers) {
      if (this.#deps.database.get(router) !== undefined) this.#known.set(router, sequence)
    }
    if (!last) return
    this.#isReady = true
    for (const { advertisement } of this.#deps.database.entries()) this.owe(advertisement.router)
    this.pump()
  }

  /** The neighbour could not use changes of these. */
  onRequest({ routers }: TopologyRequest): void {
    for (const router of routers) {
      this.#known.delete(router)
      this.owe(router)
    }
    this.pump()
  }

  /** Sends while the neighbour takes it. */
  pump(items = new UpdateItems()): void {
    for (const line of this.#lines.values()) {
      while (line.digest.length > 0 && line.channel.writable) this.#send(line, line.digest.shift())
    }
    for (const line of this.#lines.values()) {
      while (line.channel.writable && this.#sendNext(line, items)) {}
    }
  }

  #sendNext(line: Line, items: UpdateItems): boolean {
    if (this.#wanted.size > 0) {
      this.#send(line, { type: 'topology-request', routers: [...this.#wanted] })
      this.#wanted.clear()
      return true
    }
    return this.#isReady && this.#sendOwed(line, items)
  }

  #sendOwed(line: Line, items: UpdateItems): boolean {
    const update = new UpdateMessage()
    const routers: string[] = []
    for (const router of this.#owed) {
      const advertisement = this.#deps.database.get(router)?.advertisement
      if (advertisement !== undefined && this.#lacks(advertisement)) {
        const item = items.item(advertisement, this.#known.get(router), this.#deps.ageOf(router))
        if (!update.add(item)) break
        this.#known.set(router, advertisement.sequence)
        routers.push(router)
      }
      this.#owed.delete(router)
    }
    if (update.isEmpty) return false
    line.unaccepted.add(routers)
    this.#send(line, update.message(), () => line.unaccepted.delete(routers))
    return true
  }

  #send(line: Line, message: TopologyMessage | undefined, onAccepted?: () => void): void {
    if (message === undefined) return
    this.#deps.onSent()
    line.channel.send(message, onAccepted)
  }

  #lacks({ router, sequence }: RouterAdvertisement): boolean {
    return (this.#known.get(router) ?? 0) < sequence
  }

  #digest(): TopologyDigest[] {
    const all = [...this.#deps.database.entries()].map(
      ({ advertisement }) => [advertisement.router, advertisement.sequence] as const,
    )
    const parts: TopologyDigest[] = []
    for (let at = 0; at === 0 || at < all.length; at += MAX_LISTED_ROUTERS) {
      const last = at + MAX_LISTED_ROUTERS >= all.length
      const routers = all.slice(at, at + MAX_LISTED_ROUTERS)
      parts.push({ type: 'topology-digest', part: parts.length, last, routers })
    }
    return parts
  }
}
