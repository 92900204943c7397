/**
 * Keeps the node's table what the inputs say: writes changes at once, and looks at what is in force every other second.
 * Leaves the table when it stops: flows go on without an agent.
 */
import type { SourceTable } from '../api/global-source.ts'
import { Backoff } from '../core/backoff.ts'
import type { Cancel, Clock } from '../core/clock.ts'
import { describeError } from '../core/errors.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import type { Metrics } from '../core/metrics.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import { InheritedSources } from './inherited-sources.ts'
import { diffNat, type NatTransaction } from './nat-diff.ts'
import type { NatDriver } from './nat-driver.ts'
import { APPLY_DELAY_MS, RETRY_BACKOFF, VERIFY_MS, VERIFY_SLOWEST_MS } from './nat-limits.ts'
import { type NatInput, planNat } from './nat-plan.ts'
import { type NatTable, sizeOfTable } from './nat-table.ts'
import { staleFlows } from './stale-flows.ts'

/** What is to be in force, and the slots in it as they were told. */
export interface NatDesired {
  readonly input: NatInput
  readonly sources: SourceTable
}

export interface NatReconcilerDeps {
  /** Undefined until everything is known that it is made from: till then nothing is changed. */
  readonly desired: SnapshotSource<NatDesired | undefined>
  readonly driver: NatDriver
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
}

export interface NatReconcilerConfig {
  /** Milliseconds between two looks at what is in force. */
  readonly verifyMs?: number
}

export class NatReconciler implements Startable {
  readonly #deps: NatReconcilerDeps
  readonly #verifyMs: number
  readonly #backoff = new Backoff(RETRY_BACKOFF)
  readonly #inherited: InheritedSources
  readonly #applied = new Snapshot<SourceTable>(new Map())
  readonly #figures: Figures
  #unsubscribe: () => void = () => {}
  #cancelTimer: Cancel | undefined
  #running: Promise<void> | undefined
  #stopped = false
  /** The table as we last wrote or read it; undefined when it must be read before anything is written. */
  #known: { readonly table: NatTable | undefined } | undefined
  /** When the next look is due, monotonic milliseconds. */
  #verifyAt = 0
  /** No work before this moment, after an error. */
  #notBefore = 0
  #failure: string | undefined = 'nothing was written yet'

  constructor(deps: NatReconcilerDeps, { verifyMs = VERIFY_MS }: NatReconcilerConfig = {}) {
    this.#deps = deps
    this.#verifyMs = verifyMs
    this.#inherited = new InheritedSources(deps.clock)
    this.#figures = new Figures(deps.metrics, () => this.#known?.table)
  }

  /**
   * The slots that are in force: what it says of a router can be relied on by that router. The list of a router is the
   * one that was told, unless part of it cannot be used.
   */
  get appliedSources(): SnapshotSource<SourceTable> {
    return this.#applied
  }

  /** Why the table is not as it should be; empty when it is. */
  notReady(): string[] {
    if (this.#failure !== undefined) return [`nftables (${this.#failure})`]
    return this.#known?.table === undefined ? ['a GlobalNetwork'] : []
  }

  async start(): Promise<void> {
    this.#unsubscribe = this.#deps.desired.subscribe(() => this.#schedule(APPLY_DELAY_MS))
    this.#schedule(0)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#unsubscribe()
    this.#cancelTimer?.()
    await this.#running
  }

  /** Changes that come together are written together; one that comes while another is written waits for it. */
  #schedule(delay: number): void {
    if (this.#stopped || this.#running !== undefined) return
    this.#cancelTimer?.()
    const { clock } = this.#deps
    const wait = Math.max(delay, this.#notBefore - clock.monotonic())
    this.#cancelTimer = clock.after(wait, () => this.#run())
  }

  #run(): void {
    const before = this.#deps.desired.current()
    this.#running = this.#step(before).finally(() => {
      this.#running = undefined
      const { clock, desired } = this.#deps
      const isChanged = desired.current() !== before
      this.#schedule(isChanged ? APPLY_DELAY_MS : Math.max(0, this.#verifyAt - clock.monotonic()))
    })
  }

  /** Throws nothing. */
  async #step(desired: NatDesired | undefined): Promise<void> {
    const { clock } = this.#deps
    if (desired === undefined) {
      this.#verifyAt = clock.monotonic() + this.#verifyMs
      return
    }
    try {
      if (this.#known === undefined || clock.monotonic() >= this.#verifyAt) await this.#look()
      await this.#write(desired)
      this.#succeeded(desired)
    } catch (error) {
      this.#failed(error)
    }
  }

  async #look(): Promise<void> {
    const { driver, clock } = this.#deps
    const startedAt = clock.monotonic()
    const table = await driver.read()
    const now = clock.monotonic()
    this.#verifyAt = now + Math.max(this.#verifyMs, Math.min(10 * (now - startedAt), VERIFY_SLOWEST_MS))
    const expected = this.#known
    if (expected === undefined) this.#inherited.begin(table)
    else if (expected.table !== undefined) this.#compare(table, expected.table)
    this.#known = { table }
  }

  #compare(table: NatTable | undefined, expected: NatTable): void {
    const repairs = diffNat(table, expected)
    if (repairs.length === 0) return
    this.#figures.drifted()
    this.#deps.log.warn(
      { repairs: describe(repairs) },
      'somebody changed our nftables table: putting it right',
    )
  }

  async #write(desired: NatDesired): Promise<void> {
    const { driver, clock, log } = this.#deps
    const before = this.#known?.table
    if (desired.input.ranges.length === 0) return await this.#remove(before)
    const input = this.#inherited.addTo(desired.input, desired.sources)
    const plan = planNat(input)
    const changes = diffNat(before, plan)
    if (changes.length === 0) return
    const startedAt = clock.monotonic()
    await driver.apply(changes)
    this.#known = { table: plan }
    this.#figures.applied(clock.monotonic() - startedAt)
    log.debug({ changes: describe(changes) }, 'nftables table changed')
    const stale = staleFlows(before, plan)
    if (stale.length > 0) await driver.forget(stale)
  }

  /** There is no GlobalNetwork: the node is to be as if there never was one. */
  async #remove(before: NatTable | undefined): Promise<void> {
    if (before === undefined) return
    const { driver, log } = this.#deps
    await driver.remove()
    this.#known = { table: undefined }
    log.info({}, 'there is no GlobalNetwork: the nftables table is removed')
  }

  #succeeded({ sources }: NatDesired): void {
    if (this.#failure !== undefined) this.#deps.log.info({}, 'the nftables table is in force')
    this.#failure = undefined
    this.#notBefore = 0
    this.#backoff.reset()
    if (this.#applied.current() !== sources) this.#applied.set(sources)
  }

  /** Nothing is known then of what is in force: it is read before the next attempt. */
  #failed(error: unknown): void {
    const failure = describeError(error)
    this.#figures.failed()
    if (failure !== this.#failure) this.#deps.log.error({ error: failure }, 'cannot write the nftables table')
    this.#failure = failure
    this.#known = undefined
    this.#notBefore = this.#deps.clock.monotonic() + this.#backoff.next()
    this.#verifyAt = this.#notBefore
  }
}

/** What is counted. */
class Figures {
  readonly drifted: () => void
  readonly failed: () => void
  readonly #transactions: () => void
  #lastApplyMs = 0

  constructor(metrics: Metrics, table: () => NatTable | undefined) {
    const size = () => {
      const present = table()
      return present === undefined ? { elements: 0, rules: 0 } : sizeOfTable(present)
    }
    this.drifted = metrics.counter(
      'fairlead_agent_drift_repairs_total',
      'Times that the nftables table was found changed by somebody else and put right.',
    )
    this.failed = metrics.counter(
      'fairlead_agent_errors_total',
      'Failed attempts to read or write the nftables table.',
    )
    this.#transactions = metrics.counter(
      'fairlead_agent_transactions_total',
      'Transactions that changed the nftables table.',
    )
    metrics.observe('fairlead_agent_elements', 'Elements of sets and maps in force.', () => size().elements)
    metrics.observe('fairlead_agent_rules', 'Rules in force.', () => size().rules)
    metrics.observe(
      'fairlead_agent_last_apply_seconds',
      'How long the last transaction took.',
      () => this.#lastApplyMs / 1000,
    )
  }

  applied(ms: number): void {
    this.#lastApplyMs = ms
    this.#transactions()
  }
}

/** Steps and what they are about, for a log line. */
function describe(changes: NatTransaction): string[] {
  return changes.slice(0, 8).map((change) => {
    if (change.kind === 'rebuild') return change.kind
    if (change.kind === 'delete-chains') return `${change.kind} ${change.chains.length}`
    return 'set' in change
      ? `${change.kind} ${change.set} ${change.elements.length}`
      : `${change.kind} ${change.chain}`
  })
}
