/**
 * Leaves endpoints alone that flows could not be connected to, and probes them until they take connections again.
 * Says what is ejected; that something is taken when all are is the balancer's rule.
 */
import type { EjectionSettings } from '../../api/traffic-settings.ts'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import type { Metrics } from '../../core/metrics.ts'
import { MAX_PROBES, MAX_WATCHED_ENDPOINTS, PROBES_PER_EJECTION } from '../limits.ts'
import type { Endpoint } from './endpoint.ts'
import type { Probe } from './probe.ts'

export interface EjectionsDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  readonly probe: Probe
}

/** What is known of an endpoint that has failed since a flow was last connected to it. */
interface Watch {
  /** In a row. */
  failures: number
  /** Each makes the next twice as long. */
  ejections: number
  /** Ends the probing; present while ejected. */
  probing: AbortController | undefined
}

/** How one endpoint is left alone and probed. */
export interface EjectionRules {
  readonly ejection: EjectionSettings
  /** Bound of one probe. */
  readonly connectMs: number
}

export class Ejections {
  readonly #deps: EjectionsDeps
  readonly #watched = new Map<Endpoint, Watch>()
  readonly #count: () => void
  #ejected = 0
  #probes = 0

  constructor(deps: EjectionsDeps) {
    this.#deps = deps
    this.#count = deps.metrics.counter(
      'fairlead_router_ejections_total',
      'Backends left alone because connects to them failed in a row',
    )
    deps.metrics.observe(
      'fairlead_router_ejected_endpoints',
      'Backends that are left alone and probed now',
      () => this.#ejected,
    )
  }

  /** Endpoints that have failed and not been connected to since. */
  get size(): number {
    return this.#watched.size
  }

  /** A flow could not be connected. */
  failed(endpoint: Endpoint, rules: EjectionRules): void {
    const { consecutiveFailures } = rules.ejection
    const watch = consecutiveFailures > 0 ? this.#watch(endpoint) : undefined
    if (watch === undefined) return
    watch.failures += 1
    if (!endpoint.ejected && watch.failures >= consecutiveFailures) this.#eject(endpoint, watch, rules)
  }

  /** A flow was connected. */
  connected(endpoint: Endpoint): void {
    if (this.#watched.size > 0) this.forget(endpoint)
  }

  /** Nothing of it is held against the endpoint any more. */
  forget(endpoint: Endpoint): void {
    const watch = this.#watched.get(endpoint)
    if (watch === undefined) return
    this.#watched.delete(endpoint)
    this.#restore(endpoint, watch)
  }

  /** Ends all probing. */
  stop(): void {
    for (const endpoint of [...this.#watched.keys()]) this.forget(endpoint)
  }

  #watch(endpoint: Endpoint): Watch | undefined {
    const known = this.#watched.get(endpoint)
    if (known !== undefined || this.#watched.size >= MAX_WATCHED_ENDPOINTS) return known
    const watch = { failures: 0, ejections: 0, probing: undefined }
    this.#watched.set(endpoint, watch)
    return watch
  }

  #eject(endpoint: Endpoint, watch: Watch, rules: EjectionRules): void {
    endpoint.ejected = true
    this.#ejected += 1
    this.#count()
    this.#deps.log.warn({ backend: endpoint.name, failures: watch.failures }, 'backend ejected')
    const probing = new AbortController()
    watch.probing = probing
    void this.#probeUntilBack(endpoint, watch, rules, probing.signal)
  }

  #restore(endpoint: Endpoint, watch: Watch): void {
    watch.failures = 0
    watch.probing?.abort()
    watch.probing = undefined
    if (!endpoint.ejected) return
    endpoint.ejected = false
    this.#ejected -= 1
    this.#deps.log.info({ backend: endpoint.name }, 'backend is back')
  }

  /** Some probes spread over each ejection; the next one is twice as long, so that they become rarer. */
  async #probeUntilBack(
    endpoint: Endpoint,
    watch: Watch,
    { ejection, connectMs }: EjectionRules,
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      const ms = Math.min(ejection.baseMs * 2 ** watch.ejections, ejection.maxMs)
      watch.ejections += 1
      for (let probe = 0; probe < PROBES_PER_EJECTION && !signal.aborted; probe++) {
        await this.#deps.clock.sleep(ms / PROBES_PER_EJECTION, signal).catch(() => {})
        if (signal.aborted || !(await this.#probe(endpoint, connectMs, signal))) continue
        this.#restore(endpoint, watch)
        return
      }
    }
  }

  /** False also when too many probe already. */
  async #probe(endpoint: Endpoint, ms: number, signal: AbortSignal): Promise<boolean> {
    if (this.#probes >= MAX_PROBES) return false
    this.#probes += 1
    const connected = await this.#deps.probe(endpoint, ms, signal)
    this.#probes -= 1
    return connected && !signal.aborted
  }
}
