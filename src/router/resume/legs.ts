/**
 * The legs of one flow, one after the other: which carries it now, and what is left of those before.
 */
import type { FlowChannel, FlowError } from '../../amqp/flow-transport.ts'
import type { Incoming } from './incoming.ts'
import { Leg, type LegOwner } from './leg.ts'
import type { FlowPath } from './peer-process.ts'

export class Legs {
  readonly #owner: LegOwner
  readonly #in: Incoming
  #id = ''
  #now: Leg | undefined
  /** Datagrams dropped on legs that are gone. */
  #dropped = 0

  constructor(owner: LegOwner, incoming: Incoming) {
    this.#owner = owner
    this.#in = incoming
  }

  /** Of the first one, for logs. */
  get id(): string {
    return this.#id
  }

  /** Undefined while there is none. */
  get now(): Leg | undefined {
    return this.#now
  }

  /** Datagrams dropped on all of them. */
  get dropped(): number {
    return this.#dropped + (this.#now?.channel.dropped ?? 0)
  }

  begin(channel: FlowChannel, path: FlowPath): Leg {
    if (this.#id === '') this.#id = channel.id
    this.#now = new Leg(this.#owner, channel, path)
    return this.#now
  }

  /** It is gone. What it brought and the owner has not read is not for the next leg to count. */
  leave(): void {
    this.#in.strand()
    this.#dropped = this.dropped
    this.#now = undefined
  }

  /** Ends it from this side, if there is one. */
  drop(error: FlowError): void {
    const leg = this.#now
    this.leave()
    leg?.drop(error)
  }
}
