/**
 * Makes codes for Invites and says what became of them. Only the leader has one that is started; any replica counts
 * redemptions.
 */

import { metaTime } from '../../api/conditions.ts'
import type { Invite, InviteStatus } from '../../api/invite.ts'
import { Resource } from '../../api/resources.ts'
import { TRUST, type Trust } from '../../api/trust.ts'
import type { Cancel, Clock } from '../../core/clock.ts'
import { sameValue } from '../../core/compare.ts'
import { DurationError, parseDuration } from '../../core/duration.ts'
import { describeError } from '../../core/errors.ts'
import type { Startable } from '../../core/lifecycle.ts'
import type { Logger } from '../../core/log.ts'
import { OwnWrites } from '../../kube/own-writes.ts'
import { Reconciler, source } from '../../kube/reconciler.ts'
import type { KubeClient, Store } from '../../kube/types.ts'
import { codeHash, newCode } from './invite-code.ts'
import { InviteFiles } from './invite-files.ts'
import { endOf, InviteFault, type InviteProblem, inviteStatus } from './invite-status.ts'
import { joinFile } from './join-file.ts'
import { ADDRESS_RECHECK_MS, INVITE_TTL, JOIN_WORKERS, MAX_INVITES, WRITE_BACKOFF } from './limits.ts'
import { NoOutsideAddressError } from './own-addresses.ts'
import { isOpen } from './redemption-rules.ts'

/** Field manager of Invite.status, but for the redemptions. */
const INVITER = 'fairlead-invite'

/** Who invites, as the redemption port shows it. */
export interface Inviter {
  readonly cluster: string
  readonly clusterset: string
  /** SHA-256 of the root that the port's certificate leads to. */
  readonly caHash: string
}

export interface InviteReconcilerDeps {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'patch' | 'apply'>
  readonly invites: Store<Invite>
  /** Undefined where the root is not. */
  readonly inviter: () => Inviter | undefined
  /** Where the redemption port is reached from outside; undefined while it is not. Throws NoOutsideAddressError. */
  readonly url: () => Promise<string | undefined>
  readonly clock: Clock
  readonly log: Logger
}

type Made = Omit<InviteStatus, 'conditions' | 'redeemed' | 'redemptions'>

export class InviteReconciler implements Startable {
  readonly #deps: InviteReconcilerDeps
  readonly #namespace: string
  readonly #files: InviteFiles
  readonly #own: OwnWrites<Invite>
  readonly #reconciler: Reconciler
  /** When an invite is to be looked at again. */
  readonly #timers = new Map<string, Cancel>()

  constructor(deps: InviteReconcilerDeps, namespace: string) {
    this.#deps = deps
    this.#namespace = namespace
    this.#files = new InviteFiles(deps.client, namespace)
    this.#own = new OwnWrites(deps.clock)
    this.#reconciler = new Reconciler(
      { ...deps, log: deps.log.child({ component: 'invites' }) },
      {
        concurrency: JOIN_WORKERS,
        backoff: WRITE_BACKOFF,
        sources: [source(deps.invites, ({ metadata }) => [metadata.name ?? ''])],
        reconcile: (name) => this.#reconcile(name),
      },
    )
  }

  async start(): Promise<void> {
    await this.#reconciler.start()
  }

  async stop(): Promise<void> {
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
    await this.#reconciler.stop()
  }

  /** The root came, went or changed. */
  inviterChanged(): void {
    this.#reconciler.resync()
  }

  async #reconcile(name: string): Promise<void> {
    const { invites } = this.#deps
    const ref = { namespace: this.#namespace, name }
    const invite = this.#own.latest(ref, invites.get(ref))
    this.#timers.get(name)?.()
    this.#timers.delete(name)
    if (invites.get(ref) === undefined || invite === undefined) await this.#files.remove(name)
    else if (invite.status?.codeHash === undefined) await this.#make(invite)
    else await this.#follow(invite)
  }

  /** The code goes into the Secret before its hash makes it good, so that a restart between the two leaves nothing open. */
  async #make(invite: Invite): Promise<void> {
    const { clock, client } = this.#deps
    const { name = '', uid = '' } = invite.metadata
    const possible = await this.#possible(invite)
    if ('reason' in possible) {
      await this.#write(invite, {}, possible)
      return this.#again(name, ADDRESS_RECHECK_MS)
    }
    const { ttl, url, inviter } = possible
    const code = newCode()
    const expiresAt = metaTime(clock.now() + ttl)
    const trust = await client.get<Trust>(Resource.trust, { namespace: this.#namespace, name: TRUST })
    const { clusterId } = invite.spec ?? {}
    const { cluster: founder, ...shown } = inviter
    const namespace = this.#namespace
    const file = joinFile({ name, uid, code, url, founder, ...shown, clusterId, expiresAt, namespace })
    await this.#files.put(name, file)
    const revoked = trust?.spec?.revoked ?? []
    const { caHash } = inviter
    await this.#write(invite, { codeHash: codeHash(code), url, caHash, expiresAt, revoked }, undefined)
    this.#again(name, ttl)
  }

  async #possible(
    invite: Invite,
  ): Promise<InviteProblem | { readonly ttl: number; readonly url: string; readonly inviter: Inviter }> {
    const inviter = this.#deps.inviter()
    if (inviter === undefined)
      return {
        reason: InviteFault.notFounder,
        message: 'the root of the clusterset is not in this cluster; invite from the cluster that has it',
      }
    if (this.#openInvites(invite) >= MAX_INVITES)
      return { reason: InviteFault.tooMany, message: `${MAX_INVITES} invites are open` }
    try {
      const ttl = parseDuration(invite.spec?.ttl ?? INVITE_TTL.default, INVITE_TTL)
      const url = invite.spec?.url ?? (await this.#deps.url())
      if (url !== undefined) return { ttl, url, inviter }
      return {
        reason: InviteFault.addressPending,
        message: 'Service fairlead-join has no outside address yet',
      }
    } catch (error) {
      if (error instanceof DurationError)
        return { reason: InviteFault.invalid, message: describeError(error) }
      if (error instanceof NoOutsideAddressError)
        return { reason: InviteFault.noAddress, message: describeError(error) }
      throw error
    }
  }

  #openInvites({ metadata: { name } }: Invite): number {
    const { invites, clock } = this.#deps
    const now = clock.now()
    return invites.list().filter((other) => other.metadata.name !== name && isOpen(other, now)).length
  }

  /** One whose code was made. */
  async #follow(invite: Invite): Promise<void> {
    const { clock } = this.#deps
    const { name = '' } = invite.metadata
    const { conditions: _, redeemed: _count, redemptions: _who, ...made } = invite.status ?? {}
    const end = endOf(invite, clock.now()) ?? this.#rootProblem(invite)
    if (end !== undefined) await this.#files.remove(name)
    await this.#write(invite, made, end)
    if (end === undefined) this.#again(name, Date.parse(made.expiresAt ?? '') - clock.now())
  }

  #rootProblem({ status }: Invite): InviteProblem | undefined {
    const inviter = this.#deps.inviter()
    if (inviter === undefined || inviter.caHash === status?.caHash) return undefined
    return { reason: InviteFault.rootChanged, message: 'the root is another one now; make a new invite' }
  }

  async #write(invite: Invite, made: Made, problem: InviteProblem | undefined): Promise<void> {
    const { client, clock } = this.#deps
    const status = inviteStatus(invite, made, problem, clock.now())
    const { redeemed: _, redemptions: _who, ...present } = invite.status ?? {}
    if (sameValue(present, status)) return
    const { name = '', namespace = '' } = invite.metadata
    const wanted: Invite = { metadata: { name, namespace }, status }
    const options = { fieldManager: INVITER, subresource: 'status' } as const
    this.#own.wrote(await client.apply<Invite>(Resource.invite, wanted, options))
  }

  #again(name: string, ms: number): void {
    this.#timers.get(name)?.()
    const cancel = this.#deps.clock.after(Math.max(0, ms), () => this.#reconciler.enqueue(name))
    this.#timers.set(name, cancel)
  }
}
