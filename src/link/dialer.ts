/**
 * Keeps one link up: dials the endpoints in order, holds the control session and the data connections, and starts over
 * when the session is lost. A link stands or falls as a whole with its control session. When its router drains another
 * one is dialled, behind the same addresses, before that one is gone.
 */
import type { LinkEndpoint } from '../api/link.ts'
import { Alpn } from '../api/names.ts'
import type { LinkSpec } from '../api/route-snapshot.ts'
import { describeError } from '../core/errors.ts'
import type { Startable } from '../core/lifecycle.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import { type PeerIdentity, Role } from '../pki/identity.ts'
import { type DataLine, keepDataLines } from './data-lines.ts'
import { dialTarget, dialTimeouts, endpointName } from './dial-target.ts'
import { LinkDrainingError, LinkLostError, PeerRefusedError } from './errors.ts'
import { type AttemptOutcome, isRevoked, type KeepConnectedDeps, keepConnected } from './keep-connected.ts'
import { MIN_STABLE_MS } from './limits.ts'
import {
  type DialledSession,
  dialSession,
  type SessionDialConfig,
  type SessionDialDeps,
} from './link-session.ts'
import type { LinkState } from './link-status.ts'
import { dialSameRouter } from './same-router.ts'
import { dialTls, type PeerSocket } from './tls-connect.ts'

export interface LinkDialerDeps extends SessionDialDeps, KeepConnectedDeps {
  /** Takes over the socket of a data connection. */
  readonly openData: (socket: PeerSocket) => DataLine
  /** Told each time the link could not be established or was lost. */
  readonly onDown: (error: unknown) => void
}

export interface LinkDialerConfig extends Pick<SessionDialConfig, 'hello' | 'heartbeat' | 'syncWith'> {
  readonly spec: LinkSpec
  /** Data connections beside the control session. */
  readonly dataConnections: number
  /** Where the link may lead: a Link to other clusters, one between replicas to our own. */
  readonly leadsTo: 'other-cluster' | 'own-cluster'
}

/** A round trip is news when it moved by half and by more than this, milliseconds: status is not written for noise. */
const ROUND_TRIP_NOISE_MS = 1

/** How an attempt went. */
interface Held {
  readonly outcome: AttemptOutcome
  /** It still stands, and its router drains. */
  readonly draining?: DialledSession
}

/** One Link, dialled for ever. */
export class LinkDialer implements Startable {
  readonly #deps: LinkDialerDeps
  readonly #config: LinkDialerConfig
  readonly #state = new Snapshot<LinkState>({ kind: 'idle' })
  readonly #stopping = new AbortController()
  /** Routers that drain and are still connected, by id, each with the end of its session. */
  readonly #leaving = new Map<string, Promise<void>>()
  #running: Promise<void> = Promise.resolve()
  #lastError: string | undefined
  #lastCluster: string | undefined

  constructor(deps: LinkDialerDeps, config: LinkDialerConfig) {
    this.#deps = deps
    this.#config = config
  }

  /** Where the link stands. */
  get state(): SnapshotSource<LinkState> {
    return this.#state
  }

  async start(): Promise<void> {
    const { trust } = this.#deps.tls
    const onReadmission = (wake: () => void) => trust.anchors.subscribe(wake)
    this.#running = keepConnected(
      { ...this.#deps, onReadmission },
      () => this.#attempt(),
      (error, ms) => this.#onPause(error, ms),
      this.#stopping.signal,
    )
  }

  /** Says goodbye; resolves when everything is closed. */
  async stop(): Promise<void> {
    this.#stopping.abort(new LinkLostError('the link is being closed here'))
    await this.#running
    await Promise.all(this.#leaving.values())
    this.#state.set({ kind: 'idle' })
  }

  /** Tries every endpoint once, in order; the first that works is kept until it is lost. */
  async #attempt(): Promise<AttemptOutcome> {
    const parted = this.#whyParted()
    if (parted !== undefined) return { error: new PeerRefusedError('revoked', parted), stoodMs: 0 }
    let outcome: AttemptOutcome = { error: new LinkLostError('the Link names no endpoint'), stoodMs: 0 }
    for (const endpoint of this.#config.spec.endpoints) {
      outcome = await this.#tryEndpoint(endpoint)
      if (outcome.stoodMs > 0 || this.#stopping.signal.aborted) break
    }
    return outcome
  }

  /** Why nobody would take us; undefined when some may. */
  #whyParted(): string | undefined {
    const { tls } = this.#deps
    const isParted = tls.trust.standing.current().isSelfGone && this.#config.leadsTo === 'other-cluster'
    return isParted ? tls.trust.whyParted(tls.current().identity.cluster) : undefined
  }

  async #tryEndpoint(endpoint: LinkEndpoint): Promise<AttemptOutcome> {
    const name = endpointName(endpoint)
    const lastError = this.#lastError === undefined ? {} : { lastError: this.#lastError }
    this.#tell({ kind: 'dialling', endpoint: name, ...lastError })
    const scope = new AbortController()
    const signal = AbortSignal.any([scope.signal, this.#stopping.signal])
    const end = () => scope.abort(new LinkLostError(`the link to ${name} was lost`))
    try {
      const { outcome, draining } = await this.#hold(endpoint, signal)
      if (draining === undefined) end()
      else this.#leave(draining, end)
      return outcome
    } catch (error) {
      end()
      return { error, stoodMs: 0 }
    }
  }

  /** Its flows go on until its router closes the session. */
  #leave({ session, hello }: DialledSession, end: () => void): void {
    const gone = session.whenClosed.then(() => {
      this.#leaving.delete(hello.id)
      end()
    })
    this.#leaving.set(hello.id, gone)
  }

  /** While a router that drains still carries flows the link is up, whatever comes of dialling another. */
  #tell(state: LinkState): void {
    if (this.#leaving.size === 0) this.#state.set(state)
  }

  /** Establishes the link and waits for its end, or until its router drains; throws when it cannot be established. */
  async #hold(endpoint: LinkEndpoint, signal: AbortSignal): Promise<Held> {
    const dialled = await this.#dialSession(endpoint, signal)
    const { session } = dialled
    const close = () => session.close('the link is being closed')
    signal.addEventListener('abort', close)
    try {
      const held = await this.#untilEnd(endpoint, dialled, signal)
      if (held.draining === undefined) close()
      return held
    } catch (error) {
      close()
      throw error
    } finally {
      void session.whenClosed.then(() => signal.removeEventListener('abort', close))
    }
  }

  async #untilEnd(endpoint: LinkEndpoint, dialled: DialledSession, signal: AbortSignal): Promise<Held> {
    const { session, hello } = dialled
    if (this.#leaving.has(hello.id)) throw new LinkDrainingError('the router that answers takes no new flows')
    const drains = Promise.withResolvers<undefined>()
    const lines = this.#openLines(endpoint, dialled, signal, () => drains.resolve(undefined))
    await Promise.race([lines, rejectWhenClosed(dialled)])
    const since = this.#deps.clock.monotonic()
    this.#onEstablished(endpoint, dialled)
    const error = await Promise.race([session.whenClosed, drains.promise])
    const stoodMs = Math.max(1, this.#deps.clock.monotonic() - since)
    if (error !== undefined) return { outcome: { error, stoodMs } }
    const reason = new LinkDrainingError('the router at the other end takes no new flows')
    // No failure, however short it stood: another one is dialled at once.
    return { outcome: { error: reason, stoodMs: Math.max(stoodMs, MIN_STABLE_MS) }, draining: dialled }
  }

  #dialSession(endpoint: LinkEndpoint, signal: AbortSignal): Promise<DialledSession> {
    const { hello, heartbeat, syncWith } = this.#config
    return dialSession(
      this.#deps,
      {
        hello,
        heartbeat,
        syncWith,
        requirePeer: (peer) => this.#requireRouter(peer),
        onRoundTrip: (ms) => this.#onRoundTrip(ms),
      },
      dialTarget(this.#config.spec, endpoint),
      signal,
    )
  }

  #openLines(
    endpoint: LinkEndpoint,
    { session, hello }: DialledSession,
    signal: AbortSignal,
    onDraining: () => void,
  ): Promise<void> {
    const { clock, random, tls, openData, logger } = this.#deps
    const { spec, dataConnections: count, leadsTo } = this.#config
    const target = dialTarget(spec, endpoint)
    const dialAny = async (lineSignal: AbortSignal): Promise<DataLine> => {
      const socket = await dialTls(this.#deps, target, tls, Alpn.data, lineSignal)
      requireSameCluster(socket, session.peer)
      return openData(socket)
    }
    const dial = async (lineSignal: AbortSignal): Promise<DataLine> => {
      const line = await dialSameRouter(dialAny, hello.id, lineSignal)
      // Behind the address of a replica is no other one.
      if (leadsTo === 'other-cluster') void line.whenDraining.then(onDraining)
      return line
    }
    const onPause = (error: unknown) => {
      logger.info({ link: spec.name, error: describeError(error) }, 'data connection lost')
    }
    const deps = random === undefined ? { clock, dial, onPause } : { clock, random, dial, onPause }
    const { dataMs: timeoutMs } = dialTimeouts(spec.settings?.dialTimeoutMs)
    return keepDataLines(deps, { count, timeoutMs }, signal)
  }

  #requireRouter(peer: PeerIdentity): void {
    const own = this.#deps.tls.current().identity
    const isReplica = this.#config.leadsTo === 'own-cluster'
    if (peer.role !== Role.router)
      throw new PeerRefusedError('role', `the peer is a ${peer.role}, not a router`)
    if (isReplica && peer.cluster !== own.cluster)
      throw new PeerRefusedError('wrong-cluster', `${peer.cluster} is not our own cluster`)
    if (!isReplica && peer.cluster === own.cluster)
      throw new PeerRefusedError('own-cluster', 'the Link leads to our own cluster')
    if (this.#lastCluster !== undefined && this.#lastCluster !== peer.cluster) {
      this.#deps.logger.warn(
        { was: this.#lastCluster, is: peer.cluster },
        'the Link now leads to another cluster',
      )
    }
    this.#lastCluster = peer.cluster
  }

  #onEstablished(endpoint: LinkEndpoint, { session, hello }: DialledSession): void {
    const remoteCluster = session.peer.cluster
    this.#lastError = undefined
    this.#state.set({
      kind: 'established',
      endpoint: endpointName(endpoint),
      remoteCluster,
      remoteRouter: hello.id,
      since: this.#deps.clock.now(),
    })
    this.#deps.logger.info(
      { link: this.#config.spec.name, cluster: remoteCluster, router: hello.id, version: hello.version },
      'link established',
    )
  }

  #onRoundTrip(ms: number): void {
    const state = this.#state.current()
    if (state.kind !== 'established') return
    const roundTripMs = Math.round(ms * 10) / 10
    if (isNews(roundTripMs, state.roundTripMs)) this.#state.set({ ...state, roundTripMs })
  }

  #onPause(error: unknown, ms: number): void {
    const lastError = describeError(error)
    const { name } = this.#config.spec
    if (this.#leaving.size > 0) {
      this.#deps.logger.info({ link: name, reason: lastError }, 'dialling another router')
      return
    }
    this.#deps.onDown(error)
    if (lastError !== this.#lastError) {
      this.#deps.logger.warn({ link: name, error: lastError }, 'link is down')
    }
    this.#lastError = lastError
    const kind = isRevoked(error) ? 'revoked' : 'waiting'
    this.#tell({ kind, lastError, retryAt: Math.round(this.#deps.clock.now() + ms) })
  }
}

/** Behind one address there may be a balancer: its routers must at least be of one cluster. */
function requireSameCluster({ socket, peer }: PeerSocket, expected: PeerIdentity): void {
  if (peer.cluster === expected.cluster && peer.role === Role.router) return
  socket.destroy()
  throw new PeerRefusedError('wrong-cluster', `data went to ${peer.cluster}, control to ${expected.cluster}`)
}

async function rejectWhenClosed({ session }: DialledSession): Promise<never> {
  throw await session.whenClosed
}

function isNews(ms: number, before: number | undefined): boolean {
  if (before === undefined) return true
  const change = Math.abs(ms - before)
  return change > ROUND_TRIP_NOISE_MS && change > before / 2
}
