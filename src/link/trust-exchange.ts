/**
 * One session's share in spreading trust statements: both sides tell the newest they have when the session begins, and
 * every newer one as it comes. A peer whose own certificate a statement voids is told it first, and then sent away.
 */
import type { Cancel } from '../core/clock.ts'
import type { SignedStatement } from '../pki/trust-statement.ts'
import type { Trust } from './messages.ts'
import type { AdmittedPeer } from './peer-chain.ts'
import type { TrustStore } from './trust-store.ts'

/** The sending side of a session. */
export interface TrustChannel {
  send(message: Trust): void
}

export class TrustExchange {
  readonly #channel: TrustChannel
  readonly #store: TrustStore
  /** The statement that the peer has, as far as is known. */
  #told: string | undefined
  #unfollow: Cancel[] = []

  /** `onRevoked`: nothing may be shared with the peer from now on, and why, for people. */
  constructor(
    channel: TrustChannel,
    store: TrustStore,
    peer: AdmittedPeer,
    onRevoked: (why: string) => void,
  ) {
    this.#channel = channel
    this.#store = store
    this.#unfollow = [
      store.anchors.subscribe(() => {
        if (store.isVoid(peer)) onRevoked(store.whyParted(peer.cluster))
      }),
    ]
  }

  /** Both hellos are in order. */
  start(): void {
    this.#unfollow.push(this.#store.newest.subscribe((signed) => this.#tell(signed)))
    this.#tell(this.#store.newest.current())
  }

  stop(): void {
    for (const unfollow of this.#unfollow.splice(0)) unfollow()
  }

  /** What no root signed that is trusted here is not taken, and no fault of a peer that trusts more than we do. */
  onMessage({ statement, signatures }: Trust): void {
    this.#told = statement
    if (this.#store.offer({ statement, signatures }) === 'refused') this.#told = undefined
  }

  #tell(signed: SignedStatement | undefined): void {
    if (signed === undefined || signed.statement === this.#told) return
    this.#told = signed.statement
    this.#channel.send({ type: 'trust', ...signed })
  }
}
