/**
 * Writes what this router's ServicePolicies refused into their status. All routers of a cluster add to the same numbers:
 * each on exactly the version that it has seen, so that none takes away what another added.
 */
import { metaTime } from '../api/conditions.ts'
import type { ServiceKey } from '../api/names.ts'
import type { DenialSource, PolicyDenial } from '../api/policy-denials.ts'
import { Resource } from '../api/resources.ts'
import type { ServicePolicy } from '../api/service-policy.ts'
import type { Cancel, Clock } from '../core/clock.ts'
import { describeError } from '../core/errors.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import { inParallel } from '../core/parallel.ts'
import { isConflict } from '../kube/errors.ts'
import { OwnWrites } from '../kube/own-writes.ts'
import type { KubeClient, Store } from '../kube/types.ts'
import { countedStatus, denialKey, unreported } from './denial-status.ts'
import { DENIAL_WRITE_MS, DENIAL_WRITERS } from './limits.ts'
import { splitKey } from './stores.ts'

export interface DenialReporterDeps {
  readonly client: Pick<KubeClient, 'patch'>
  readonly policies: Store<ServicePolicy>
  readonly denials: DenialSource
  readonly clock: Clock
  readonly log: Logger
}

/** Nobody waits for it: what cannot be written is added to what comes later. */
export class DenialReporter implements Startable {
  readonly #deps: DenialReporterDeps
  readonly #own: OwnWrites<ServicePolicy>
  /** By policy, cluster and reason, how much is in the status. */
  readonly #reported = new Map<string, number>()
  /** When a policy was last written to, or tried. Monotonic. */
  readonly #triedAt = new Map<ServiceKey, number>()
  #cancel: Cancel | undefined
  #unfollow: () => void = () => {}
  #writing: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(deps: DenialReporterDeps) {
    this.#deps = { ...deps, log: deps.log.child({ component: 'policy-denials' }) }
    this.#own = new OwnWrites(deps.clock)
  }

  async start(): Promise<void> {
    this.#unfollow = this.#deps.denials.subscribe(() => this.#writeSoon())
    this.#writeSoon()
  }

  /** What is left is written, if the API takes it. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#unfollow()
    this.#cancel?.()
    const over = new AbortController()
    const bound = this.#deps.clock.sleep(DENIAL_WRITE_MS.last, over.signal).catch(() => {})
    const written = this.#writing.then(() => this.#writeLast(over.signal))
    await Promise.race([written, bound])
    over.abort()
  }

  /** Another router may have written in between: the watch shows it soon. */
  async #writeLast(signal: AbortSignal): Promise<void> {
    await this.#write()
    while (this.#pending().size > 0 && !signal.aborted) {
      await this.#deps.clock.sleep(DENIAL_WRITE_MS.again, signal).catch(() => {})
      await this.#write()
    }
  }

  #writeSoon(): void {
    this.#cancel ??= this.#deps.clock.after(DENIAL_WRITE_MS.first, () => {
      this.#writing = this.#write().finally(() => {
        this.#cancel = undefined
        if (!this.#stopped && this.#pending().size > 0) this.#writeSoon()
      })
    })
  }

  /** Refusals that no status has, of policies that there are. */
  #pending(): Map<ServiceKey, PolicyDenial[]> {
    const denials = this.#deps.denials.current()
    const counted = new Set(denials.map(denialKey))
    // What is forgotten there begins anew.
    for (const key of this.#reported.keys()) if (!counted.has(key)) this.#reported.delete(key)
    const pending = unreported(denials, this.#reported)
    for (const key of pending.keys())
      if (this.#deps.policies.get(splitKey(key)) === undefined) pending.delete(key)
    return pending
  }

  async #write(): Promise<void> {
    const due = [...this.#pending()].filter(([key]) => this.#stopped || this.#isDue(key))
    const failures = await inParallel(due, DENIAL_WRITERS, ([key, denials]) => this.#add(key, denials))
    for (const error of failures) this.#failed(error)
  }

  /** A conflict is nothing to tell of: somebody else has written, and the watch is about to show it. */
  #failed(error: unknown): void {
    if (isConflict(error)) return
    this.#deps.log.warn({ error: describeError(error) }, 'refusals cannot be written yet')
  }

  #isDue(key: ServiceKey): boolean {
    const last = this.#triedAt.get(key)
    return last === undefined || this.#deps.clock.monotonic() - last >= DENIAL_WRITE_MS.next
  }

  async #add(key: ServiceKey, denials: readonly PolicyDenial[]): Promise<void> {
    const { client, policies, clock } = this.#deps
    const ref = splitKey(key)
    const stored = policies.get(ref)
    const policy = this.#own.latest(ref, stored)
    if (stored === undefined || policy === undefined) return
    const { resourceVersion } = policy.metadata
    const status = countedStatus(policy.status, denials, (ms) => metaTime(ms))
    const patch = { metadata: { resourceVersion }, status }
    const written = await client.patch<ServicePolicy>(Resource.servicePolicy, ref, 'merge', patch, 'status')
    this.#own.wrote(written)
    this.#triedAt.set(key, clock.monotonic())
    for (const denial of denials) this.#note(denial)
  }

  #note(denial: PolicyDenial): void {
    const key = denialKey(denial)
    this.#reported.set(key, (this.#reported.get(key) ?? 0) + denial.count)
  }
}
