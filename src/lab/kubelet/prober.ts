/** Asks one running container whether it has started, is ready, is alive, as its probes say. */
import type { Clock } from '../../core/clock.ts'
import { pause } from '../pause.ts'
import { QUICK_PROBE_INTERVAL } from './limits.ts'
import type { Probe } from './pod.ts'
import { type ActionOutcome, type ActionTarget, perform } from './pod-action.ts'

export interface ProbeEvents {
  /** It has started; told once. */
  started(): void
  readiness(ready: boolean, message?: string): void
  /** It has to be killed; told once. */
  unhealthy(message: string): void
}

export interface ProberDeps {
  readonly clock: Clock
  readonly target: ActionTarget
  readonly events: ProbeEvents
}

export class Prober {
  readonly #deps: ProberDeps

  constructor(deps: ProberDeps) {
    this.#deps = deps
  }

  /** Probes until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { startupProbe, readinessProbe, livenessProbe } = this.#deps.target.container
    if (startupProbe !== undefined && !(await this.#startup(startupProbe, signal))) return
    if (signal.aborted) return
    this.#deps.events.started()
    if (readinessProbe === undefined) this.#deps.events.readiness(true)
    await Promise.all([
      readinessProbe === undefined ? undefined : this.#readiness(readinessProbe, signal),
      livenessProbe === undefined ? undefined : this.#liveness(livenessProbe, signal),
    ])
  }

  /** Asks often, and gives up when Kubernetes would: after failureThreshold periods. */
  async #startup(probe: Probe, signal: AbortSignal): Promise<boolean> {
    const { clock, events } = this.#deps
    const deadline = clock.monotonic() + initialDelay(probe) + (probe.failureThreshold ?? 3) * period(probe)
    if (!(await this.#pause(initialDelay(probe), signal))) return false
    for (;;) {
      const outcome = await this.#probe(probe)
      if (outcome.ok) return !signal.aborted
      if (signal.aborted) return false
      if (clock.monotonic() > deadline) {
        events.unhealthy(`Startup probe failed: ${outcome.message}`)
        return false
      }
      if (!(await this.#pause(Math.min(QUICK_PROBE_INTERVAL, period(probe)), signal))) return false
    }
  }

  /** Asks often until the first success, so that nobody waits for a period that just began. */
  async #readiness(probe: Probe, signal: AbortSignal): Promise<void> {
    const readiness = new Threshold(probe)
    const quick = Math.min(QUICK_PROBE_INTERVAL, period(probe))
    let everReady = false
    if (!(await this.#pause(initialDelay(probe), signal))) return
    do {
      const outcome = await this.#probe(probe)
      if (signal.aborted) return
      if (readiness.turns(outcome.ok)) {
        everReady ||= outcome.ok
        this.#deps.events.readiness(
          outcome.ok,
          outcome.ok ? undefined : `Readiness probe failed: ${outcome.message}`,
        )
      }
    } while (await this.#pause(everReady ? period(probe) : quick, signal))
  }

  async #liveness(probe: Probe, signal: AbortSignal): Promise<void> {
    let failures = 0
    if (!(await this.#pause(initialDelay(probe), signal))) return
    for (;;) {
      const outcome = await this.#probe(probe)
      if (signal.aborted) return
      failures = outcome.ok ? 0 : failures + 1
      if (!outcome.ok && failures >= (probe.failureThreshold ?? 3)) {
        return this.#deps.events.unhealthy(`Liveness probe failed: ${outcome.message}`)
      }
      if (!(await this.#pause(period(probe), signal))) return
    }
  }

  #probe(probe: Probe): Promise<ActionOutcome> {
    return perform(probe, this.#deps.target, (probe.timeoutSeconds ?? 1) * 1_000)
  }

  /** False when the probing is over. */
  async #pause(ms: number, signal: AbortSignal): Promise<boolean> {
    return ms === 0 ? !signal.aborted : await pause(this.#deps.clock, ms, signal)
  }
}

function period(probe: Probe): number {
  return (probe.periodSeconds ?? 10) * 1_000
}

function initialDelay(probe: Probe): number {
  return (probe.initialDelaySeconds ?? 0) * 1_000
}

/** Turns after so many successes or failures in a row. */
class Threshold {
  readonly #success: number
  readonly #failure: number
  #holds = false
  #against = 0

  constructor({ successThreshold = 1, failureThreshold = 3 }: Probe) {
    this.#success = successThreshold
    this.#failure = failureThreshold
  }

  /** True when this outcome turns it. */
  turns(ok: boolean): boolean {
    this.#against = ok === this.#holds ? 0 : this.#against + 1
    if (this.#against === 0 || this.#against < (ok ? this.#success : this.#failure)) return false
    this.#against = 0
    this.#holds = ok
    return true
  }
}
