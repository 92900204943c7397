/**
 * Has JoinRequests tried until they are redeemed or cannot be, and says in their status how far it is. Only the leader has
 * one that is started.
 */

import { findCondition } from '../../api/conditions.ts'
import { JoinCondition, type JoinRequest } from '../../api/invite.ts'
import type { ClusterProperty } from '../../api/mcs.ts'
import { apiVersion, Resource } from '../../api/resources.ts'
import { Backoff } from '../../core/backoff.ts'
import type { Cancel, Clock } from '../../core/clock.ts'
import { sameValue } from '../../core/compare.ts'
import { describeError } from '../../core/errors.ts'
import type { Startable } from '../../core/lifecycle.ts'
import type { Logger } from '../../core/log.ts'
import type { EventRecorder } from '../../kube/events.ts'
import { OwnWrites } from '../../kube/own-writes.ts'
import { Reconciler, type ReconcilerSource, source } from '../../kube/reconciler.ts'
import type { Store } from '../../kube/types.ts'
import { TrustError } from '../errors.ts'
import { isFinal, isOver, type JoinProgress, JoinReason, joinStatus } from './join-status.ts'
import { Joining, type JoiningDeps } from './joining.ts'
import { JOIN_WORKERS, REDEEM_BACKOFF, UNKNOWN_CODE_TRIES, WRITE_BACKOFF } from './limits.ts'

/** Field manager of JoinRequest.status. */
const JOIN_REPORTER = 'fairlead-join-status'

export interface JoinReconcilerDeps extends Omit<JoiningDeps, 'properties'> {
  readonly requests: Store<JoinRequest>
  readonly properties: Store<ClusterProperty>
  readonly events: Pick<EventRecorder, 'record'>
  /** Told of each try. */
  readonly tried: (outcome: string) => void
  readonly clock: Clock
  readonly log: Logger
}

interface Pending {
  readonly generation: number | undefined
  readonly backoff: Backoff
  /** How often nobody knew the code. */
  unknown: number
  cancel: Cancel
}

/** New and edited requests: one whose status changed, mostly by ourselves, waits for its time. */
function specsOf(requests: Store<JoinRequest>): ReconcilerSource {
  return {
    whenSynced: (signal) => requests.whenSynced(signal),
    follow: (add) =>
      requests.subscribe((event) => {
        const { generation, name = '' } = event.object.metadata
        if (event.type === 'updated' && event.previous.metadata.generation === generation) return
        add(name)
      }),
    keys: () => requests.list().map(({ metadata }) => metadata.name ?? ''),
  }
}

export class JoinReconciler implements Startable {
  readonly #deps: JoinReconcilerDeps
  readonly #namespace: string
  readonly #joining: Joining
  readonly #own: OwnWrites<JoinRequest>
  readonly #reconciler: Reconciler
  /** Requests that are tried again, by name. */
  readonly #pending = new Map<string, Pending>()
  readonly #stopping = new AbortController()

  constructor(deps: JoinReconcilerDeps, namespace: string) {
    this.#deps = { ...deps, log: deps.log.child({ component: 'join' }) }
    this.#namespace = namespace
    this.#joining = new Joining(deps, namespace)
    this.#own = new OwnWrites(deps.clock)
    const nameOf = ({ metadata }: JoinRequest) => [metadata.name ?? '']
    this.#reconciler = new Reconciler(this.#deps, {
      concurrency: JOIN_WORKERS,
      backoff: WRITE_BACKOFF,
      sources: [specsOf(deps.requests), source(deps.properties, () => deps.requests.list().flatMap(nameOf))],
      reconcile: (name) => this.#reconcile(name),
    })
  }

  async start(): Promise<void> {
    await this.#reconciler.start()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    for (const { cancel } of this.#pending.values()) cancel()
    this.#pending.clear()
    await this.#reconciler.stop()
  }

  async #reconcile(name: string): Promise<void> {
    const ref = { namespace: this.#namespace, name }
    const request = this.#own.latest(ref, this.#deps.requests.get(ref))
    if (this.#deps.requests.get(ref) === undefined || request === undefined || isOver(request)) {
      this.#forget(name)
      return
    }
    const pending = this.#pendingOf(request)
    const progress = this.#bounded(pending, await this.#try(request))
    this.#deps.tried(progress.reason)
    await this.#report(request, progress)
    if (progress.joined !== undefined || isFinal(progress.reason)) this.#forget(name)
    else this.#again(name, pending)
  }

  async #try(request: JoinRequest): Promise<JoinProgress> {
    try {
      return await this.#joining.try(request, this.#stopping.signal)
    } catch (error) {
      if (!(error instanceof TrustError)) throw error
      return { reason: JoinReason.noCode, message: describeError(error) }
    }
  }

  /** "Nobody knows the code" stands only once it was said several times. */
  #bounded(pending: Pending, progress: JoinProgress): JoinProgress {
    if (progress.reason !== JoinReason.unknownCode) return progress
    pending.unknown += 1
    if (pending.unknown >= UNKNOWN_CODE_TRIES) return progress
    return { reason: JoinReason.redeeming, message: progress.message }
  }

  async #report(request: JoinRequest, progress: JoinProgress): Promise<void> {
    const { client, clock } = this.#deps
    const status = joinStatus(request, progress, clock.now())
    if (sameValue(request.status, status)) return
    const { name = '', namespace = '' } = request.metadata
    const wanted = { metadata: { name, namespace }, status } as JoinRequest
    const options = { fieldManager: JOIN_REPORTER, subresource: 'status' } as const
    this.#own.wrote(await client.apply<JoinRequest>(Resource.joinRequest, wanted, options))
    this.#tell(request, progress)
  }

  #tell(request: JoinRequest, { reason, message: note, joined }: JoinProgress): void {
    const { events, log } = this.#deps
    const before = findCondition(request.status?.conditions, JoinCondition.redeemed)
    if (before?.reason === reason) return
    log.info({ request: request.metadata.name ?? '', reason }, note)
    const type = Resource.joinRequest
    events.record(
      { ...request, apiVersion: apiVersion(type), kind: type.kind },
      { type: joined === undefined ? 'Warning' : 'Normal', reason, action: 'Join', note },
    )
  }

  #pendingOf({ metadata: { name = '', generation } }: JoinRequest): Pending {
    const known = this.#pending.get(name)
    known?.cancel()
    if (known !== undefined && known.generation === generation) return known
    const fresh: Pending = { generation, backoff: new Backoff(REDEEM_BACKOFF), unknown: 0, cancel: () => {} }
    this.#pending.set(name, fresh)
    return fresh
  }

  #again(name: string, pending: Pending): void {
    pending.cancel = this.#deps.clock.after(pending.backoff.next(), () => this.#reconciler.enqueue(name))
  }

  #forget(name: string): void {
    this.#pending.get(name)?.cancel()
    this.#pending.delete(name)
  }
}
