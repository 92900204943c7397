/**
 * The links of a session by our handle, by the peer's handle and, while their answer is due, by name: arrays with a
 * free list, so that attach, transfer and detach cost the same however many links there are.
 */
import type { Attach, Role } from '../codec/performatives.ts'
import { AmqpError, Condition, framingError } from '../errors.ts'
import { MAX_HALF_FLOWS } from '../limits.ts'
import { Link, type LinkOwner } from './link.ts'

/** Default handle-max (section 2.7.2). */
const HIGHEST_HANDLE = 0xffff_ffff

export class LinkTable {
  readonly #most: number
  #peerHandleMax = HIGHEST_HANDLE
  readonly #local: (Link | undefined)[] = []
  readonly #free: number[] = []
  readonly #remote: (Link | undefined)[] = []
  readonly #unanswered = new Map<string, Link>()
  #used = 0

  /** Holds `most` links. */
  constructor(most: number) {
    this.#most = most
  }

  /** What we announce as handle-max. */
  get handleMax(): number {
    return this.#most - 1
  }

  /** Links that may still be added: neither side's bound may be passed. */
  get room(): number {
    return Math.min(this.#most, this.#peerHandleMax + 1) - this.#used
  }

  /** The same, with what is set aside for links that are only added to be refused. */
  get roomForRefusals(): number {
    return Math.min(this.#most + MAX_HALF_FLOWS, this.#peerHandleMax + 1) - this.#used
  }

  /** The peer's handle-max. */
  limit(handleMax: number | undefined): void {
    this.#peerHandleMax = handleMax ?? HIGHEST_HANDLE
  }

  /** Makes a link on a free handle of ours. */
  add(owner: LinkOwner, name: string, role: Role, address: string | undefined): Link {
    const handle = this.#free.pop() ?? this.#local.length
    const link = new Link(owner, name, role, handle, address)
    this.#local[handle] = link
    this.#used += 1
    return link
  }

  /** The peer's attach with this link's name is the answer to ours. */
  expectAnswer(link: Link): void {
    this.#unanswered.set(link.name, link)
  }

  /** The link of ours an attach answers, once. */
  takeAnswered(attach: Attach): Link | undefined {
    const link = this.#unanswered.get(attach.name)
    if (link === undefined || link.role === attach.role || !link.attachSent) return undefined
    this.#unanswered.delete(attach.name)
    return link
  }

  remove(link: Link): void {
    if (this.#local[link.handle] !== link) return
    this.#local[link.handle] = undefined
    this.#free.push(link.handle)
    this.#used -= 1
    this.#unanswered.delete(link.name)
  }

  /** Throws unless the peer may attach this handle. */
  checkUnbound(handle: number): void {
    if (handle > this.handleMax) throw framingError(`handle ${handle} is above handle-max`)
    if (this.#remote[handle] === undefined) return
    throw new AmqpError(Condition.handleInUse, `handle ${handle} is attached`, 'session')
  }

  /** The peer means `link` by its `handle`. */
  bind(handle: number, link: Link): void {
    this.#remote[handle] = link
  }

  /** The link the peer means. */
  at(handle: number): Link {
    const link = this.#remote[handle]
    if (link !== undefined) return link
    throw new AmqpError(Condition.unattachedHandle, `handle ${handle} is not attached`, 'session')
  }

  /** The peer detached: its handle may be used anew. */
  unbind(handle: number): Link {
    const link = this.at(handle)
    this.#remote[handle] = undefined
    return link
  }

  /** Every link in use. */
  *[Symbol.iterator](): Iterator<Link> {
    for (const link of this.#local) if (link !== undefined) yield link
  }
}
