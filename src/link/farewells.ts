/**
 * Tells peers that show a certificate which was revoked by what trust statement it was, and nothing else: they may have been
 * cut off when the others heard. Whoever hears it needs not believe us, as a root has signed it. Not for strangers: the
 * certificate leads to our root, and was good once.
 */
import type { Duplex } from 'node:stream'
import type { Cancel } from '../core/clock.ts'
import { Role } from '../pki/identity.ts'
import type { SignedStatement } from '../pki/trust-statement.ts'
import type { Side } from './control-channel.ts'
import { ControlSession, type ControlSessionConfig, type ControlSessionDeps } from './control-session.ts'
import { Condition, LinkLostError, PeerRefusedError } from './errors.ts'
import { FAREWELL_MS, MAX_FAREWELL_BYTES, MAX_FAREWELLS } from './limits.ts'
import type { AdmittedPeer } from './peer-chain.ts'
import type { TrustStore } from './trust-store.ts'

export interface FarewellsDeps extends ControlSessionDeps {
  readonly trust: Pick<TrustStore, 'isStated' | 'newest' | 'whyParted'>
}

export class Farewells {
  readonly #deps: FarewellsDeps
  readonly #config: Pick<ControlSessionConfig, 'hello' | 'heartbeat'>
  /** Of each cluster those of the last FAREWELL_MS, ended or not. Only clusters that a root has signed for, so there are few. */
  readonly #recent = new Map<string, number>()
  /** Who is being told, and the end of the wait for it. */
  readonly #deadlines = new Map<Duplex, Cancel>()
  #stopped = false

  constructor(deps: FarewellsDeps, config: Pick<ControlSessionConfig, 'hello' | 'heartbeat'>) {
    this.#deps = deps
    this.#config = config
  }

  /** Takes an authenticated socket; false, and nothing is said, when there is nothing to say or too many were told. */
  say(socket: Duplex, peer: AdmittedPeer, side: Side): boolean {
    const { trust } = this.#deps
    const statement = trust.newest.current()
    const isForIt = peer.role === Role.router && trust.isStated(peer)
    if (statement === undefined || !isForIt || this.#stopped || !this.#takeTurn(peer.cluster)) return false
    this.#expire(socket)
    this.#tell(socket, peer, side, statement)
    return true
  }

  /** Cuts off who is being told, and tells nobody any more. */
  stop(): void {
    this.#stopped = true
    for (const socket of this.#deadlines.keys()) socket.destroy()
  }

  #tell(socket: Duplex, peer: AdmittedPeer, side: Side, statement: SignedStatement): void {
    const why = new PeerRefusedError('revoked', this.#deps.trust.whyParted(peer.cluster))
    const session = new ControlSession(
      this.#deps,
      { ...this.#config, side, peer, helloTimeoutMs: FAREWELL_MS },
      {
        onReady: () =>
          session.send({ type: 'trust', ...statement }, () => session.fail(why, Condition.revoked)),
        // What it says is not for us any more.
        onMessage: () => {},
        onWritable: () => {},
        onRoundTrip: () => {},
        onClosed: (error) => {
          const { cluster } = peer
          this.#deps.logger.debug({ cluster, end: error.message }, 'a peer that was revoked was told so')
        },
      },
      socket,
    )
    let read = 0
    socket.on('data', (chunk: Buffer) => {
      read += chunk.length
      if (read > MAX_FAREWELL_BYTES) socket.pause()
    })
  }

  #takeTurn(cluster: string): boolean {
    const recent = this.#recent.get(cluster) ?? 0
    if (recent >= MAX_FAREWELLS) return false
    this.#recent.set(cluster, recent + 1)
    this.#deps.clock.after(FAREWELL_MS, () => this.#endTurn(cluster))
    return true
  }

  #endTurn(cluster: string): void {
    const left = (this.#recent.get(cluster) ?? 0) - 1
    if (left > 0) this.#recent.set(cluster, left)
    else this.#recent.delete(cluster)
  }

  #expire(socket: Duplex): void {
    const cause = new LinkLostError('a revoked peer took too long to hear it')
    const cancel = this.#deps.clock.after(FAREWELL_MS, () => socket.destroy(cause))
    this.#deadlines.set(socket, cancel)
    socket.once('close', () => {
      cancel()
      this.#deadlines.delete(socket)
    })
  }
}
