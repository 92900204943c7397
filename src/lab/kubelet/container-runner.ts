/** Runs one container of a pod again and again, as its restart policy says, until told to stop. */
import { mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Backoff } from '../../core/backoff.ts'
import type { Clock } from '../../core/clock.ts'
import { describeError } from '../../core/errors.ts'
import { pause } from '../pause.ts'
import { ContainerLog } from './container-log.ts'
import {
  type ContainerFacts,
  type ContainerState,
  INITIAL_FACTS,
  terminatedState,
} from './container-state.ts'
import { CRASH_BACKOFF, HEALTHY_AFTER } from './limits.ts'
import type { Container, PodAction } from './pod.ts'
import { type ActionTarget, perform } from './pod-action.ts'
import { Prober } from './prober.ts'
import type { ContainerProcess, ExitStatus } from './runtime.ts'

export interface ContainerRunnerDeps {
  readonly clock: Clock
  /** Starts run number `run`. */
  readonly start: (container: Container, run: number) => Promise<ContainerProcess>
  /** Called after every change of `facts`. */
  readonly changed: () => void
  /** Tells people, as events of the pod. */
  readonly tell: (reason: string, message: string) => void
}

export interface ContainerRunnerConfig {
  readonly container: Container
  readonly address: string
  readonly restart: 'Always' | 'OnFailure' | 'Never'
  /** Restarts before this kubelet came. */
  readonly restarts: number
  /** Logs of its runs. */
  readonly logFolder: string
  /** Grace of a kill by a failed probe, milliseconds. */
  readonly grace: number
}

export class ContainerRunner {
  readonly container: Container
  readonly #deps: ContainerRunnerDeps
  readonly #config: ContainerRunnerConfig
  readonly #backoff = new Backoff(CRASH_BACKOFF)
  readonly #stopping = new AbortController()
  readonly #logs = new Map<'current' | 'previous', ContainerLog>()
  #facts: ContainerFacts
  #process: ContainerProcess | undefined
  #running: Promise<void> | undefined

  constructor(deps: ContainerRunnerDeps, config: ContainerRunnerConfig) {
    this.#deps = deps
    this.#config = config
    this.container = config.container
    this.#facts = { ...INITIAL_FACTS, restarts: config.restarts }
  }

  get facts(): ContainerFacts {
    return this.#facts
  }

  /** The command's process; undefined while none runs. */
  get pid(): number | undefined {
    return this.#process?.pid()
  }

  /** The log of the present or the previous run. */
  log(which: 'current' | 'previous'): ContainerLog | undefined {
    return this.#logs.get(which)
  }

  /** Resolves when it has ended for good: by its policy, or by `stop`. */
  run(): Promise<void> {
    this.#running ??= this.#loop()
    return this.#running
  }

  /** Ends it: its preStop hook, SIGTERM, and after `grace` milliseconds SIGKILL. */
  async stop(grace: number): Promise<void> {
    this.#stopping.abort()
    await this.#end(grace)
    await this.#running
  }

  async #loop(): Promise<void> {
    const { clock } = this.#deps
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const began = clock.monotonic()
      const again = await this.#runOnce()
      if (!again || signal.aborted) return
      if (clock.monotonic() - began > HEALTHY_AFTER) this.#backoff.reset()
      const delay = Math.round(this.#backoff.next())
      if (this.#facts.state.kind === 'terminated') this.#waitForRestart(delay)
      if (!(await pause(clock, delay, signal))) return
      if (this.#facts.last !== undefined) this.#set({ restarts: this.#facts.restarts + 1 })
    }
  }

  #waitForRestart(delay: number): void {
    const { container } = this
    const message = `back-off ${delay} ms restarting container ${container.name}`
    this.#set({ state: { kind: 'waiting', reason: 'CrashLoopBackOff', message } })
    this.#deps.tell('BackOff', message)
  }

  /** One start and its end. True when the policy wants another. */
  async #runOnce(): Promise<boolean> {
    const started = await this.#start()
    if (started === undefined) return true
    const startedAt = this.#now()
    this.#set({ state: { kind: 'running', startedAt } })
    const exit = await this.#attend(started)
    this.#process = undefined
    const state = terminatedState(exit, startedAt, this.#now())
    this.#set({ state, last: state, ready: false, started: false })
    const { restart } = this.#config
    return restart === 'Always' || (restart === 'OnFailure' && state.exitCode !== 0)
  }

  async #start(): Promise<ContainerProcess | undefined> {
    try {
      const process = await this.#deps.start(this.container, this.#facts.restarts)
      this.#process = process
      // A stop that came while it started found nothing to end.
      if (this.#stopping.signal.aborted) process.kill()
      await this.#openLog(process)
      return process
    } catch (error) {
      const message = describeError(error)
      if (this.#facts.state.kind !== 'waiting' || this.#facts.state.message !== message) {
        this.#deps.tell('Failed', message)
      }
      this.#set({ state: { kind: 'waiting', reason: 'CreateContainerConfigError', message } })
      return undefined
    }
  }

  async #openLog(process: ContainerProcess): Promise<void> {
    const { logFolder } = this.#config
    mkdirSync(logFolder, { recursive: true, mode: 0o700 })
    const before = this.#logs.get('current')
    if (before !== undefined) this.#logs.set('previous', before)
    const { restarts } = this.#facts
    const log = new ContainerLog(this.#deps.clock, join(logFolder, `${restarts}.log`))
    log.keep(process.stdout, 'stdout')
    log.keep(process.stderr, 'stderr')
    this.#logs.set('current', log)
    for (const suffix of ['', '.old'])
      await rm(join(logFolder, `${restarts - 2}.log${suffix}`), { force: true })
  }

  /** Probes it while it runs. */
  async #attend(process: ContainerProcess): Promise<ExitStatus> {
    const over = new AbortController()
    const { clock } = this.#deps
    const target: ActionTarget = { address: this.#config.address, container: this.container, process, clock }
    const { postStart } = this.container.lifecycle ?? {}
    const prober = new Prober({
      clock,
      target,
      events: {
        started: () => this.#set({ started: true }),
        readiness: (ready, message) => this.#readiness(ready, message),
        unhealthy: (message) => this.#unhealthy(message),
      },
    })
    if (postStart !== undefined) void this.#postStart(postStart, target)
    const probing = prober.run(over.signal)
    try {
      return await process.exited
    } finally {
      over.abort()
      await probing
    }
  }

  /** A container whose hook fails is killed, and started again as its policy says. */
  async #postStart(hook: PodAction, target: ActionTarget): Promise<void> {
    const outcome = await perform(hook, target, this.#config.grace)
    if (outcome.ok || this.#process !== target.process || this.#stopping.signal.aborted) return
    this.#deps.tell('FailedPostStartHook', `PostStartHook failed: ${outcome.message}`)
    await this.#kill()
  }

  #readiness(ready: boolean, message: string | undefined): void {
    if (message !== undefined) this.#deps.tell('Unhealthy', message)
    if (this.#facts.ready !== ready) this.#set({ ready })
  }

  #unhealthy(message: string): void {
    // A pod on its way out goes on answering readiness probes only.
    if (this.#stopping.signal.aborted) return
    this.#deps.tell('Unhealthy', message)
    void this.#kill()
  }

  async #kill(): Promise<void> {
    this.#deps.tell('Killing', `container ${this.container.name} is killed and started again`)
    try {
      await this.#end(this.#config.grace)
    } catch (error) {
      this.#deps.tell('FailedKillPod', describeError(error))
    }
  }

  async #end(grace: number): Promise<void> {
    const process = this.#process
    if (process === undefined) return
    const { clock } = this.#deps
    const cancel = clock.after(grace, () => process.kill())
    const { preStop } = this.container.lifecycle ?? {}
    if (preStop !== undefined && grace > 0) {
      const target = { address: this.#config.address, container: this.container, process, clock }
      await Promise.race([perform(preStop, target, grace), process.exited])
    }
    if (grace > 0) process.signal('SIGTERM')
    else process.kill()
    await process.exited
    cancel()
  }

  #set(change: Partial<ContainerFacts> & { state?: ContainerState }): void {
    this.#facts = { ...this.#facts, ...change }
    this.#deps.changed()
  }

  #now(): string {
    return new Date(this.#deps.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
  }
}
