/**
 * Keeps the directory of one peer equal to ours over a control session: digest first, then whole clusters that the
 * peer lacks, then deltas as they come. Never sends a peer what it has, so nothing goes round in circles.
 */
import type { OriginState } from '../api/service-record.ts'
import type { Logger } from '../core/log.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import { digestOf } from './directory-replica.ts'
import type { DirectoryChange, DirectoryStore, Received } from './directory-store.ts'
import { Condition, ViolationError } from './errors.ts'
import { MAX_DIGEST_ENTRIES, MAX_MESSAGE_BYTES, MAX_ORIGINS } from './limits.ts'
import { originParts } from './message-codec.ts'
import {
  compareVersions,
  type DirectoryDelta,
  type DirectoryDigest,
  type DirectoryMessage,
  type DirectoryOrigin,
  type OriginVersion,
} from './messages.ts'
import { OriginAssembly } from './origin-assembly.ts'
import type { OriginFault } from './origin-signatures.ts'

/** The sending side of a control session. */
export interface DirectoryChannel {
  /** The peer takes more now. */
  readonly writable: boolean
  /** `onAccepted` is called when the peer has worked the message off. */
  send(message: DirectoryMessage, onAccepted?: () => void): void
}

export interface DirectorySyncDeps {
  readonly store: DirectoryStore
  readonly channel: DirectoryChannel
  readonly logger: Logger
}

export interface DirectorySyncConfig {
  /** Clusters whose records this peer may be told. */
  readonly maySend: (cluster: string) => boolean
  /** Clusters whose records this peer may tell us. Anything else is a violation. */
  readonly mayReceive: (cluster: string) => boolean
  /** Clusters that the peer is of: it has nobody to blame for what it tells of them. Default: none. */
  readonly owns?: (cluster: string) => boolean
  /** Tells when what was not believed may be believed now: whom we trust has changed. */
  readonly trust?: Pick<SnapshotSource<unknown>, 'subscribe'>
  /** The peer is known to hold this version: it said so, or has accepted ours. */
  readonly onHeld?: (version: OriginVersion) => void
  /** The peer holds a version of records that it may not tell us, and ours are older. */
  readonly onOutdone?: (version: OriginVersion) => void
  /** The peer has told us all that it had when the session began. Once. */
  readonly onCaughtUp?: () => void
}

type Version = Pick<OriginState, 'epoch' | 'sequence'>

/** One peer's share of the replication. `onMessage` throws ViolationError when the peer breaks the rules. */
export class DirectorySync {
  readonly #deps: DirectorySyncDeps
  readonly #config: DirectorySyncConfig
  readonly #assembly = new OriginAssembly()
  /** What the peer is known to have, by its digest, by what it sent and by what we sent. */
  readonly #known = new Map<string, Version>()
  /** Clusters to be sent whole. */
  readonly #owed = new Set<string>()
  /** Clusters that the peer's digest says are newer there, and that have not come; undefined before its digest. */
  #awaited: Set<string> | undefined
  /** Clusters we asked to be sent whole. */
  readonly #requested = new Set<string>()
  /** Clusters we asked for once more, since what came of them was not to be believed. */
  readonly #doubted = new Set<string>()
  #sending: { readonly cluster: string; readonly parts: Generator<DirectoryOrigin, void> } | undefined
  #digestComplete = false
  readonly #unfollow: readonly (() => void)[]

  constructor(deps: DirectorySyncDeps, config: DirectorySyncConfig) {
    this.#deps = deps
    this.#config = config
    this.#unfollow = [
      deps.store.onChange((change) => this.#onChange(change)),
      config.trust?.subscribe(() => this.#believeAgain()) ?? (() => {}),
      deps.store.onMembership({
        onRemoved: (cluster) => this.#onRemoved(cluster),
        onReadmitted: (cluster) => this.#onReadmitted(cluster),
      }),
    ]
  }

  /** Tells the peer what we have. */
  start(): void {
    const origins = digestOf(this.#deps.store.directory.current())
    for (let at = 0; at === 0 || at < origins.length; at += MAX_DIGEST_ENTRIES) {
      const last = at + MAX_DIGEST_ENTRIES >= origins.length
      this.#deps.channel.send({
        type: 'directory-digest',
        last,
        origins: origins.slice(at, at + MAX_DIGEST_ENTRIES),
      })
    }
  }

  /** Stops following the store. */
  stop(): void {
    for (const unfollow of this.#unfollow) unfollow()
    this.#sending = undefined
    this.#owed.clear()
  }

  onMessage(message: DirectoryMessage): void {
    if (message.type === 'directory-digest') this.#onDigest(message)
    else if (message.type === 'directory-origin') this.#onOrigin(message)
    else if (message.type === 'directory-delta') this.#onDelta(message)
    else this.#onRequest(message.cluster)
  }

  /** Sends what is owed while the peer takes it; called again whenever it takes more. */
  pump(): void {
    while (this.#deps.channel.writable) {
      this.#sending ??= this.#nextOwed()
      if (this.#sending === undefined) return
      const part = this.#sending.parts.next()
      if (part.done === true) this.#sending = undefined
      else this.#sendPart(part.value)
    }
  }

  #sendPart(part: DirectoryOrigin): void {
    this.#deps.channel.send(part, part.last ? () => this.#config.onHeld?.(part) : undefined)
  }

  #onDigest(digest: DirectoryDigest): void {
    if (this.#digestComplete) throw new ViolationError(Condition.notAllowed, 'a second digest')
    for (const version of digest.origins) {
      this.#learn(version)
      this.#config.onHeld?.(version)
    }
    if (this.#known.size > MAX_ORIGINS) {
      throw new ViolationError(Condition.resourceLimit, `a digest of more than ${MAX_ORIGINS} clusters`)
    }
    if (!digest.last) return
    this.#digestComplete = true
    this.#tellOutdone()
    this.#await()
    for (const state of this.#deps.store.directory.current().values()) this.#owe(state)
    this.pump()
  }

  #onOrigin(message: DirectoryOrigin): void {
    this.#requireAllowed(message.cluster)
    const state = this.#assembly.add(message)
    if (state === undefined) return
    this.#requested.delete(state.cluster)
    this.#learn(state)
    this.#settle(this.#deps.store.receive(state), state.cluster)
    if (this.#awaited?.delete(state.cluster) === true && this.#awaited.size === 0) this.#config.onCaughtUp?.()
  }

  #await(): void {
    const { store } = this.#deps
    const coming = this.#newerThere().filter(
      ({ cluster }) => this.#config.mayReceive(cluster) && !store.isGone(cluster),
    )
    this.#awaited = new Set(coming.map(({ cluster }) => cluster))
    if (this.#awaited.size === 0) this.#config.onCaughtUp?.()
  }

  #tellOutdone(): void {
    const { onOutdone, mayReceive } = this.#config
    if (onOutdone === undefined) return
    for (const version of this.#newerThere()) if (!mayReceive(version.cluster)) onOutdone(version)
  }

  /** Versions of the peer that are newer than what we have. */
  #newerThere(): OriginVersion[] {
    const all = [...this.#known].map(([cluster, version]) => ({ cluster, ...version }))
    return all.filter((version) => {
      const ours = this.#deps.store.origin(version.cluster)
      return ours === undefined || compareVersions(version, ours) > 0
    })
  }

  #onDelta(delta: DirectoryDelta): void {
    this.#requireAllowed(delta.cluster)
    if (delta.to <= delta.from) throw new ViolationError(Condition.invalidField, 'a delta that goes back')
    this.#learn({ cluster: delta.cluster, epoch: delta.epoch, sequence: delta.to })
    const received = this.#deps.store.receiveChange(delta)
    this.#settle(received, delta.cluster)
    if (received.kind === 'gap') this.#request(delta.cluster)
  }

  #onRequest(cluster: string): void {
    const state = this.#deps.store.origin(cluster)
    if (state === undefined) return
    this.#known.delete(cluster)
    this.#owe(state)
    this.pump()
  }

  #onChange({ state, delta }: DirectoryChange): void {
    if (!this.#digestComplete || !this.#lacks(state)) return
    if (delta !== undefined && this.#takesDelta(delta)) {
      this.#learn(state)
      this.#deps.channel.send(delta, () => this.#config.onHeld?.(state))
      return
    }
    this.#owe(state)
    this.pump()
  }

  /** Should it come back, all of it is news to everybody. */
  #onRemoved(cluster: string): void {
    this.#known.delete(cluster)
    this.#owed.delete(cluster)
    this.#requested.delete(cluster)
    if (this.#awaited?.delete(cluster) === true && this.#awaited.size === 0) this.#config.onCaughtUp?.()
  }

  /** What the peer sent of it meanwhile was not taken. */
  #onReadmitted(cluster: string): void {
    if (this.#digestComplete && this.#config.mayReceive(cluster)) this.#request(cluster)
  }

  /** A delta helps only a peer that has exactly its base and is not being sent the whole. */
  #takesDelta(delta: DirectoryDelta): boolean {
    const known = this.#known.get(delta.cluster)
    return (
      this.#deps.channel.writable &&
      known?.epoch === delta.epoch &&
      known.sequence === delta.from &&
      !this.#owed.has(delta.cluster) &&
      this.#sending?.cluster !== delta.cluster &&
      Buffer.byteLength(JSON.stringify(delta)) <= MAX_MESSAGE_BYTES
    )
  }

  #request(cluster: string): void {
    if (this.#requested.has(cluster)) return
    this.#requested.add(cluster)
    this.#deps.channel.send({ type: 'directory-request', cluster })
  }

  #nextOwed(): { cluster: string; parts: Generator<DirectoryOrigin, void> } | undefined {
    for (const cluster of this.#owed) {
      this.#owed.delete(cluster)
      const state = this.#deps.store.origin(cluster)
      if (state === undefined || !this.#lacks(state)) continue
      this.#learn(state)
      return { cluster, parts: originParts(state) }
    }
    return undefined
  }

  #owe(state: OriginState): void {
    if (this.#lacks(state)) this.#owed.add(state.cluster)
  }

  #lacks(state: OriginState): boolean {
    const known = this.#known.get(state.cluster)
    return this.#config.maySend(state.cluster) && (known === undefined || compareVersions(state, known) > 0)
  }

  #learn(version: OriginVersion): void {
    const known = this.#known.get(version.cluster)
    if (known !== undefined && compareVersions(version, known) <= 0) return
    this.#known.set(version.cluster, { epoch: version.epoch, sequence: version.sequence })
  }

  #requireAllowed(cluster: string): void {
    if (this.#config.mayReceive(cluster)) return
    throw new ViolationError(
      Condition.unauthorized,
      `records of cluster ${cluster} may not come from this peer`,
    )
  }

  #settle(received: Received, cluster: string): void {
    if (received.kind === 'applied') this.#doubted.delete(cluster)
    else if (received.kind === 'unverified') this.#doubt(cluster, received.fault)
    else if (received.kind === 'refused')
      this.#deps.logger.warn({ origin: cluster, reason: received.reason }, 'directory update refused')
  }

  /** Who passes it on may have been lied to itself, and have something better by now: it is asked once more. */
  #doubt(cluster: string, { detail, isForgery }: OriginFault): void {
    if (isForgery && this.#config.owns?.(cluster) === true)
      throw new ViolationError(Condition.unauthorized, `records of cluster ${cluster}: ${detail}`)
    if (this.#doubted.has(cluster)) return
    this.#doubted.add(cluster)
    this.#request(cluster)
  }

  #believeAgain(): void {
    for (const cluster of this.#doubted) this.#request(cluster)
  }
}
