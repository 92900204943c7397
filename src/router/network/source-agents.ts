/**
 * The agents of our cluster, seen by a router: who is there, and what they translate by. A slot is of use only once they
 * know it, and may stand for another address only once none of them can still think of the last one.
 */
import type { Cancel, Clock } from '../../core/clock.ts'
import type { Metrics } from '../../core/metrics.ts'
import type { SnapshotSource } from '../../core/snapshot.ts'
import type { Hello } from '../../link/messages.ts'
import type { SourceRole } from '../../link/source-session.ts'
import type { AnnouncedSources } from '../../link/sources.ts'
import { AGENT_EXPECTED_MS, AGENT_LOST_MS, APPLY_MS, MAX_LOST_AGENTS } from './limits.ts'

export interface SourceAgentsDeps {
  readonly clock: Clock
  readonly metrics: Metrics
  readonly sources: SnapshotSource<AnnouncedSources>
}

/** What one session is told of and tells. */
export interface AgentHandler {
  readonly role: SourceRole
  onReady(hello: Hello): void
  onClosed(): void
}

interface Agent {
  /** Of its process. */
  readonly id: string
  /** -1 while it has applied none in this session. */
  applied: number
}

interface Wait {
  readonly version: number
  readonly missing: Set<Agent>
  readonly end: (isComplete: boolean) => void
}

export class SourceAgents {
  readonly #deps: SourceAgentsDeps
  readonly #connected = new Set<Agent>()
  /** Those that may still translate by what they knew, with the time they were lost; the first lost first. */
  #lost: { readonly agent: Agent; readonly at: number }[] = []
  readonly #waits = new Set<Wait>()
  /** Until when one is waited for while there is none, monotonic milliseconds. */
  #expectedUntil: number
  readonly #arrivals = new Set<() => void>()

  constructor(deps: SourceAgentsDeps) {
    this.#deps = deps
    this.#expectedUntil = deps.clock.monotonic() + AGENT_EXPECTED_MS
    deps.metrics.observe(
      'fairlead_router_agents',
      'Agents of the own cluster that are connected',
      () => this.size,
    )
  }

  /** Connected agents. */
  get size(): number {
    return this.#connected.size
  }

  /** There is one, or there is soon. */
  get expected(): boolean {
    return this.size > 0 || this.#deps.clock.monotonic() < this.#expectedUntil
  }

  /** Resolves when there is one, or none is expected any more. */
  whenPresent(): Promise<void> {
    if (this.size > 0 || !this.expected) return Promise.resolve()
    return new Promise((resolve) => {
      const end = () => {
        cancel()
        this.#arrivals.delete(end)
        resolve()
      }
      this.#arrivals.add(end)
      const cancel = this.#deps.clock.after(this.#expectedUntil - this.#deps.clock.monotonic(), end)
    })
  }

  /** One session with an agent. */
  handler(): AgentHandler {
    let agent: Agent | undefined
    return {
      role: {
        sources: this.#deps.sources,
        onApplied: (version) => {
          if (agent !== undefined) this.#onApplied(agent, version)
        },
      },
      onReady: ({ id }) => {
        agent = { id, applied: -1 }
        this.#lost = this.#lost.filter((lost) => lost.agent.id !== id)
        this.#connected.add(agent)
        for (const end of this.#arrivals) end()
      },
      onClosed: () => {
        if (agent !== undefined) this.#onClosed(agent)
      },
    }
  }

  /**
   * Resolves when all agents that are connected now have applied `version` or are gone: true. False after `ms`: whoever
   * lags drops what it does not know, and TCP sends it again.
   */
  whenApplied(version: number, ms = APPLY_MS): Promise<boolean> {
    const missing = new Set([...this.#connected].filter(({ applied }) => applied < version))
    if (missing.size === 0) return Promise.resolve(true)
    return new Promise((resolve) => {
      let cancel: Cancel = () => {}
      const wait: Wait = {
        version,
        missing,
        end: (isComplete) => {
          cancel()
          this.#waits.delete(wait)
          resolve(isComplete)
        },
      }
      this.#waits.add(wait)
      cancel = this.#deps.clock.after(ms, () => wait.end(false))
    })
  }

  /** No agent, connected or lost a short while ago, can still translate by what was before `version`. */
  settled(version: number): boolean {
    this.#forgetLost()
    const behind = ({ applied }: Agent): boolean => applied < version
    return ![...this.#connected].some(behind) && !this.#lost.some(({ agent }) => behind(agent))
  }

  #onApplied(agent: Agent, version: number): void {
    agent.applied = Math.max(agent.applied, version)
    this.#isNotMissing(agent, agent.applied)
  }

  #onClosed(agent: Agent): void {
    this.#connected.delete(agent)
    if (this.size === 0) this.#expectedUntil = this.#deps.clock.monotonic() + AGENT_EXPECTED_MS
    this.#forgetLost()
    const isBack = [...this.#connected].some(({ id }) => id === agent.id)
    if (!isBack) this.#lost.push({ agent, at: this.#deps.clock.monotonic() })
    if (this.#lost.length > MAX_LOST_AGENTS) this.#lost.shift()
    this.#isNotMissing(agent, Number.POSITIVE_INFINITY)
  }

  #isNotMissing(agent: Agent, applied: number): void {
    for (const wait of this.#waits) {
      if (applied >= wait.version && wait.missing.delete(agent) && wait.missing.size === 0) wait.end(true)
    }
  }

  #forgetLost(): void {
    const since = this.#deps.clock.monotonic() - AGENT_LOST_MS
    const from = this.#lost.findIndex(({ at }) => at > since)
    this.#lost = from === -1 ? [] : this.#lost.slice(from)
  }
}
