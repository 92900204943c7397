/**
 * The latest epoch of our cluster's records that another cluster holds, when ours are older, told to the routers and the
 * controller of our own cluster. Other clusters never send us our own records, so nothing else would tell.
 */
import type { Cancel } from '../core/clock.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import type { Outdone } from './messages.ts'

/** The sending side of a session. */
interface OutdoneChannel {
  send(message: Outdone): void
}

/** Sends the epoch when it grows. */
export class OutdoneReport {
  readonly #channel: OutdoneChannel
  readonly #epoch: SnapshotSource<number>
  #told = 0
  #unfollow: Cancel = () => {}

  /** 0 is none. */
  constructor(channel: OutdoneChannel, epoch: SnapshotSource<number>) {
    this.#channel = channel
    this.#epoch = epoch
  }

  start(): void {
    this.#unfollow = this.#epoch.subscribe((epoch) => this.#tell(epoch))
    this.#tell(this.#epoch.current())
  }

  stop(): void {
    this.#unfollow()
  }

  #tell(epoch: number): void {
    if (epoch <= this.#told) return
    this.#told = epoch
    this.#channel.send({ type: 'outdone', epoch })
  }
}
