/**
 * Leader election on a Lease, after client-go. Clocks of two pods are never compared: a holder is dead when its record
 * has not changed for the lease's duration as seen by our own clock.
 */
import type { KubeObject } from '../api/objects.ts'
import { Resource } from '../api/resources.ts'
import type { Clock } from '../core/clock.ts'
import { describeError } from '../core/errors.ts'
import { type Startable, within } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import { isAlreadyExists, isConflict } from './errors.ts'
import { LEASE_DEFAULTS } from './limits.ts'
import { microTime } from './micro-time.ts'
import type { KubeClient } from './types.ts'

/** coordination.k8s.io/v1 Lease. */
export interface Lease extends KubeObject {
  spec?: {
    holderIdentity?: string
    leaseDurationSeconds?: number
    acquireTime?: string
    renewTime?: string
    leaseTransitions?: number
  }
}

export interface LeaseDeps {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'update'>
  readonly clock: Clock
  readonly log: Logger
  readonly random?: () => number
}

export interface LeaseConfig {
  readonly namespace: string
  readonly name: string
  /** The pod's name: a restarted container of the same pod is the same candidate and leads again at once. */
  readonly identity: string
  readonly durationMs?: number
  readonly renewDeadlineMs?: number
  readonly retryMs?: number
  readonly onElected?: () => void
  /** We lead no longer and another may lead already: end the process, or stop all writing. */
  readonly onLost?: () => void
}

/** Takes part in the election from `start` to `stop`; `stop` gives the lease up so that another takes over at once. */
export class LeaderElector implements Startable {
  readonly #deps: LeaseDeps
  readonly #config: Required<Pick<LeaseConfig, 'durationMs' | 'renewDeadlineMs' | 'retryMs'>> & LeaseConfig
  readonly #stopping = new AbortController()
  #observed: { record: string; lease: Lease; at: number } | undefined
  #leading = false
  #renewedAt = 0
  #running: Promise<void> | undefined

  constructor(deps: LeaseDeps, config: LeaseConfig) {
    this.#deps = deps
    this.#config = { ...LEASE_DEFAULTS, ...config }
  }

  get isLeader(): boolean {
    return this.#leading
  }

  /** Who holds the lease as far as we know. */
  get holder(): string | undefined {
    return this.#observed?.lease.spec?.holderIdentity || undefined
  }

  async start(): Promise<void> {
    this.#running ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
    if (!this.#leading) return
    this.#leading = false
    await this.#release()
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    const { random = Math.random, clock } = this.#deps
    while (!signal.aborted) {
      await this.#turn()
      // Waiting candidates spread out, a leader keeps its beat.
      const spread = this.#leading ? 1 : 1 + 0.2 * random()
      await clock.sleep(this.#config.retryMs * spread, signal).catch(() => {})
    }
  }

  async #turn(): Promise<void> {
    const { clock, log } = this.#deps
    const { renewDeadlineMs, retryMs } = this.#config
    try {
      const bound = this.#leading ? Math.max(retryMs, this.#untilDeadline()) : renewDeadlineMs
      this.#became(await within(this.#tryAcquireOrRenew(), bound, 'renewing the lease', clock))
    } catch (error) {
      const known = isConflict(error) || isAlreadyExists(error)
      if (!known)
        log.warn({ error: describeError(error), lease: this.#config.name }, 'cannot renew the lease')
      if (known) this.#observed = undefined
    }
    if (this.#leading && this.#untilDeadline() <= 0) this.#became(false)
  }

  #untilDeadline(): number {
    return this.#renewedAt + this.#config.renewDeadlineMs - this.#deps.clock.monotonic()
  }

  #became(leading: boolean): void {
    if (leading) this.#renewedAt = this.#deps.clock.monotonic()
    if (leading === this.#leading) return
    this.#leading = leading
    this.#deps.log.info(
      { lease: this.#config.name, holder: this.holder },
      leading ? 'elected leader' : 'lost the lead',
    )
    if (leading) this.#config.onElected?.()
    else this.#config.onLost?.()
  }

  /** True when the lease is ours now. */
  async #tryAcquireOrRenew(): Promise<boolean> {
    const { client } = this.#deps
    const { namespace, name, identity } = this.#config
    const found = await client.get<Lease>(Resource.lease, { namespace, name })
    if (found === undefined) {
      const created = { metadata: { namespace, name }, spec: this.#record(undefined) }
      this.#observe(await client.create<Lease>(Resource.lease, created))
      return true
    }
    this.#observe(found)
    const holder = found.spec?.holderIdentity
    if (holder && holder !== identity && !this.#expired(found)) return false
    this.#observe(await client.update<Lease>(Resource.lease, { ...found, spec: this.#record(found) }))
    return true
  }

  /** Remembers when, by our own clock, the record last changed. */
  #observe(lease: Lease): void {
    const record = JSON.stringify(lease.spec ?? {})
    const at = this.#observed?.record === record ? this.#observed.at : this.#deps.clock.monotonic()
    this.#observed = { record, lease, at }
  }

  #expired(lease: Lease): boolean {
    const durationMs = (lease.spec?.leaseDurationSeconds ?? 0) * 1000
    return (this.#observed?.at ?? 0) + durationMs < this.#deps.clock.monotonic()
  }

  #record(previous: Lease | undefined): NonNullable<Lease['spec']> {
    const now = microTime(this.#deps.clock.now())
    const spec = previous?.spec ?? {}
    const ours = spec.holderIdentity === this.#config.identity
    const transitions = spec.leaseTransitions ?? 0
    return {
      holderIdentity: this.#config.identity,
      leaseDurationSeconds: Math.max(1, Math.round(this.#config.durationMs / 1000)),
      acquireTime: (ours && spec.acquireTime) || now,
      renewTime: now,
      leaseTransitions: previous === undefined || ours ? transitions : transitions + 1,
    }
  }

  /** An empty holder and a short duration let the next candidate in at its next try. */
  async #release(): Promise<void> {
    const { client, clock, log } = this.#deps
    const lease = this.#observed?.lease
    if (lease?.spec?.holderIdentity !== this.#config.identity) return
    const spec = {
      ...lease.spec,
      holderIdentity: '',
      leaseDurationSeconds: 1,
      renewTime: microTime(clock.now()),
    }
    try {
      const update = client.update<Lease>(Resource.lease, { ...lease, spec })
      await within(update, this.#config.retryMs, 'releasing the lease', clock)
    } catch (error) {
      log.warn({ error: describeError(error), lease: this.#config.name }, 'cannot release the lease')
    }
  }
}
