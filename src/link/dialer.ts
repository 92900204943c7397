/**
 * Keeps one link up: dials the endpoints in order, holds the control session and the data connections, and starts over
 * when the session is lost. A link stands or falls as a whole with its control session.
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
import { LinkLostError, PeerRefusedError } from './errors.ts'
import { type AttemptOutcome, type KeepConnectedDeps, keepConnected } from './keep-connected.ts'
import {
  type DialledSession,
  dialSession,
  type SessionDialConfig,
  type SessionDialDeps,
} from './link-session.ts'
import type { LinkState } from './link-status.ts'
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

/** One Link, dialled for ever. */
export class LinkDialer implements Startable {
  readonly #deps: LinkDialerDeps
  readonly #config: LinkDialerConfig
  readonly #state = new Snapshot<LinkState>({ kind: 'idle' })
  readonly #stopping = new AbortController()
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
    this.#running = keepConnected(
      this.#deps,
      () => this.#attempt(),
      (error, ms) => this.#onPause(error, ms),
      this.#stopping.signal,
    )
  }

  /** Says goodbye; resolves when everything is closed. */
  async stop(): Promise<void> {
    this.#stopping.abort(new LinkLostError('the link is being closed here'))
    await this.#running
    this.#state.set({ kind: 'idle' })
  }

  /** Tries every endpoint once, in order; the first that works is kept until it is lost. */
  async #attempt(): Promise<AttemptOutcome> {
    let outcome: AttemptOutcome = { error: new LinkLostError('the Link names no endpoint'), stoodMs: 0 }
    for (const endpoint of this.#config.spec.endpoints) {
      outcome = await this.#tryEndpoint(endpoint)
      if (outcome.stoodMs > 0 || this.#stopping.signal.aborted) break
    }
    return outcome
  }

  async #tryEndpoint(endpoint: LinkEndpoint): Promise<AttemptOutcome> {
    const name = endpointName(endpoint)
    const lastError = this.#lastError === undefined ? {} : { lastError: this.#lastError }
    this.#state.set({ kind: 'dialling', endpoint: name, ...lastError })
    const scope = new AbortController()
    const signal = AbortSignal.any([scope.signal, this.#stopping.signal])
    try {
      return await this.#hold(endpoint, signal)
    } catch (error) {
      return { error, stoodMs: 0 }
    } finally {
      scope.abort(new LinkLostError(`the link to ${name} was lost`))
    }
  }

  /** Establishes the link and waits for its end; throws when it cannot be established. */
  async #hold(endpoint: LinkEndpoint, signal: AbortSignal): Promise<AttemptOutcome> {
    const dialled = await this.#dialSession(endpoint, signal)
    const close = () => dialled.session.close('the link is being closed')
    signal.addEventListener('abort', close)
    try {
      await Promise.race([this.#openLines(endpoint, dialled, signal), rejectWhenClosed(dialled)])
      const since = this.#deps.clock.monotonic()
      this.#onEstablished(endpoint, dialled)
      const error = await dialled.session.whenClosed
      return { error, stoodMs: Math.max(1, this.#deps.clock.monotonic() - since) }
    } finally {
      close()
      signal.removeEventListener('abort', close)
    }
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

  #openLines(endpoint: LinkEndpoint, { session }: DialledSession, signal: AbortSignal): Promise<void> {
    const { clock, random, tls, openData, logger } = this.#deps
    const { spec, dataConnections: count } = this.#config
    const target = dialTarget(spec, endpoint)
    const dial = async (lineSignal: AbortSignal): Promise<DataLine> => {
      const socket = await dialTls(this.#deps, target, tls.current(), Alpn.data, lineSignal)
      requireSameCluster(socket, session.peer)
      return openData(socket)
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
    this.#deps.onDown(error)
    const lastError = describeError(error)
    const { name } = this.#config.spec
    if (lastError !== this.#lastError) {
      this.#deps.logger.warn({ link: name, error: lastError }, 'link is down')
    }
    this.#lastError = lastError
    this.#state.set({ kind: 'waiting', lastError, retryAt: Math.round(this.#deps.clock.now() + ms) })
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
