/** The life of one pod on this node: set up, init containers, containers, and the way out. */
import { join } from 'node:path'
import { Resource } from '../../api/resources.ts'
import { Backoff } from '../../core/backoff.ts'
import type { Clock } from '../../core/clock.ts'
import { describeError } from '../../core/errors.ts'
import type { Logger } from '../../core/log.ts'
import type { KubeClient } from '../../kube/types.ts'
import type { PlacedPod, RunningContainer } from '../kubelet-client.ts'
import { pause } from '../pause.ts'
import { ContainerRunner } from './container-runner.ts'
import { INITIAL_FACTS } from './container-state.ts'
import { containerCommand, containerEnvironment } from './environment.ts'
import { SETUP_BACKOFF } from './limits.ts'
import { type Container, DEFAULT_GRACE_SECONDS, type LabPod, podName } from './pod.ts'
import { podHostname } from './pod-files.ts'
import { type ContainerView, isSidecar, podStatus } from './pod-status.ts'
import { PodVolumes } from './pod-volumes.ts'
import type { ContainerProcess, PodRuntime, PodSandbox } from './runtime.ts'
import { StatusWriter } from './status-writer.ts'
import type { VolumeSource } from './volume-files.ts'

export interface PodWorkerDeps {
  readonly client: KubeClient
  readonly clock: Clock
  readonly log: Logger
  readonly runtime: PodRuntime
  /** What the pod's volumes and variables read. */
  readonly source: VolumeSource
  /** An event of the pod, for people. */
  readonly tell: (pod: LabPod, reason: string, message: string) => void
}

export interface PodWorkerConfig {
  /** Of its node, the main one first. */
  readonly hostAddresses: readonly string[]
  readonly userNamespace: boolean
  /** Variables every container has. */
  readonly environment: Readonly<Record<string, string>>
  readonly logFolder: string
}

interface Place {
  readonly sandbox: PodSandbox
  readonly volumes: PodVolumes
}

export class PodWorker {
  readonly #deps: PodWorkerDeps
  readonly #config: PodWorkerConfig
  readonly #pod: LabPod
  readonly #status: StatusWriter
  readonly #stopping = new AbortController()
  readonly #startTime: string
  readonly #runners = new Map<string, ContainerRunner>()
  #place: Place | undefined
  #running: Promise<void> | undefined

  constructor(deps: PodWorkerDeps, config: PodWorkerConfig, pod: LabPod) {
    this.#deps = deps
    this.#config = config
    this.#pod = pod
    this.#status = new StatusWriter(deps, pod)
    this.#startTime = pod.status?.startTime ?? this.#now()
  }

  /** Starts it, once. */
  start(): void {
    this.#running ??= this.#run().catch((error) =>
      this.#deps.log.error({ pod: podName(this.#pod), error: describeError(error) }, 'a pod cannot go on'),
    )
  }

  runner(container: string): ContainerRunner | undefined {
    return this.#runners.get(container)
  }

  /** Its containers that run now. */
  running(): readonly RunningContainer[] {
    const { namespace = '', name: pod = '' } = this.#pod.metadata
    return [...this.#runners.entries()].flatMap(([container, { pid }]) =>
      pid === undefined ? [] : [{ namespace, pod, container, pid }],
    )
  }

  /** The pod and its addresses, when it has a network of its own. */
  placed(): readonly PlacedPod[] {
    const { namespace = '', name = '', uid = '' } = this.#pod.metadata
    const addresses = this.#place?.sandbox.addresses
    return addresses === undefined || this.#pod.spec?.hostNetwork ? [] : [{ namespace, name, uid, addresses }]
  }

  /** Brings its volumes up to date; with arguments, only when they read that object. */
  async refresh(kind?: 'configMap' | 'secret', name = ''): Promise<void> {
    const volumes = this.#place?.volumes
    if (volumes === undefined || (kind !== undefined && !volumes.reads(kind, name))) return
    await volumes.write()
  }

  /** Ends its containers within the grace it asks for, frees everything, and removes it from the API. */
  async terminate(graceSeconds: number): Promise<void> {
    await this.#end(graceSeconds * 1_000)
    await this.#status.flush()
    const { namespace = '', name = '', uid = '' } = this.#pod.metadata
    await this.#deps.client.delete(Resource.pod, { namespace, name }, { gracePeriodSeconds: 0, uid })
  }

  /** The pod is gone from the API: nothing is left to tell. */
  async discard(): Promise<void> {
    this.#status.stop()
    await this.#end(0)
  }

  async #end(grace: number): Promise<void> {
    this.#stopping.abort()
    await Promise.all([...this.#runners.values()].map((runner) => runner.stop(grace)))
    await this.#running
    const place = this.#place
    this.#place = undefined
    await place?.sandbox.destroy()
  }

  async #run(): Promise<void> {
    this.#report()
    const place = await this.#setUp()
    if (place === undefined) return
    this.#report()
    const { initContainers = [], containers = [] } = this.#pod.spec ?? {}
    for (const container of initContainers) {
      if (!(await this.#initialize(container, place))) return
    }
    const runners = containers.map((container) => this.#runner(container, place, this.#restartPolicy()))
    await Promise.all(runners.map((runner) => runner.run()))
    // Sidecars end with the containers they serve.
    await Promise.all([...this.#runners.values()].map((runner) => runner.stop(this.#grace())))
  }

  /** Tries until there is a sandbox with all volumes; undefined when the pod ends before. */
  async #setUp(): Promise<Place | undefined> {
    const { runtime } = this.#deps
    const sandbox = await this.#persist('FailedCreatePodSandBox', () =>
      runtime.createSandbox(this.#pod, podHostname(this.#pod)),
    )
    if (sandbox === undefined) return undefined
    const volumes = new PodVolumes(this.#pod, this.#deps.source, {
      folder: sandbox.volumeFolder,
      addresses: { pod: sandbox.addresses, host: this.#config.hostAddresses },
      userNamespace: this.#config.userNamespace,
    })
    this.#place = { sandbox, volumes }
    await this.#persist('FailedMount', () => volumes.write())
    return this.#stopping.signal.aborted ? undefined : this.#place
  }

  /** Repeats `step` until it works; undefined when the pod ends before. */
  async #persist<T>(reason: string, step: () => Promise<T>): Promise<T | undefined> {
    const backoff = new Backoff(SETUP_BACKOFF)
    let told = ''
    while (!this.#stopping.signal.aborted) {
      try {
        return await step()
      } catch (error) {
        const message = describeError(error)
        if (message !== told) this.#deps.tell(this.#pod, reason, message)
        told = message
        await pause(this.#deps.clock, backoff.next(), this.#stopping.signal)
      }
    }
    return undefined
  }

  /** True when the next may start. */
  async #initialize(container: Container, place: Place): Promise<boolean> {
    if (this.#stopping.signal.aborted) return false
    const sidecar = isSidecar(container)
    const policy = this.#restartPolicy() === 'Never' ? 'Never' : 'OnFailure'
    const runner = this.#runner(container, place, sidecar ? 'Always' : policy)
    if (sidecar) {
      void runner.run()
      while (!runner.facts.started) {
        if (!(await pause(this.#deps.clock, 20, this.#stopping.signal))) return false
      }
      return true
    }
    await runner.run()
    const { state } = runner.facts
    return state.kind === 'terminated' && state.exitCode === 0
  }

  #runner(container: Container, place: Place, restart: 'Always' | 'OnFailure' | 'Never'): ContainerRunner {
    const { clock } = this.#deps
    const runner = new ContainerRunner(
      {
        clock,
        start: (each, run) => this.#startContainer(each, run, place),
        changed: () => this.#report(),
        tell: (reason, message) => this.#deps.tell(this.#pod, reason, message),
      },
      {
        container,
        address: place.sandbox.addresses[0] ?? '',
        restart,
        restarts: this.#restartsBefore(container.name),
        logFolder: join(this.#config.logFolder, this.#pod.metadata.uid ?? '', container.name),
        grace: this.#grace(),
      },
    )
    this.#runners.set(container.name, runner)
    if (this.#stopping.signal.aborted) void runner.stop(0)
    return runner
  }

  async #startContainer(container: Container, run: number, place: Place): Promise<ContainerProcess> {
    const { source } = this.#deps
    const addresses = { pod: place.sandbox.addresses, host: this.#config.hostAddresses }
    const base = { ...this.#config.environment, HOSTNAME: podHostname(this.#pod) }
    const environment = await containerEnvironment(this.#pod, container, addresses, base, source)
    const command = containerCommand(container, environment)
    const binds = await place.volumes.binds(container)
    return await place.sandbox.start({ container, environment, command, binds, run })
  }

  /** A kubelet that comes back starts everything again, and says so. */
  #restartsBefore(name: string): number {
    const { containerStatuses = [], initContainerStatuses = [] } = this.#pod.status ?? {}
    const before = [...containerStatuses, ...initContainerStatuses].find((status) => status.name === name)
    return before?.started ? before.restartCount + 1 : (before?.restartCount ?? 0)
  }

  #restartPolicy(): 'Always' | 'OnFailure' | 'Never' {
    return this.#pod.spec?.restartPolicy ?? 'Always'
  }

  #grace(): number {
    return (this.#pod.spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS) * 1_000
  }

  #report(): void {
    const { initContainers = [], containers = [] } = this.#pod.spec ?? {}
    const view = (container: Container): ContainerView => ({ container, facts: this.#factsOf(container) })
    const status = podStatus(
      this.#pod,
      {
        init: initContainers.map(view),
        main: containers.map(view),
        addresses: this.#place?.sandbox.addresses ?? [],
        hostAddresses: this.#config.hostAddresses,
        startTime: this.#startTime,
        now: this.#now(),
      },
      this.#status.latest ?? this.#pod.status,
    )
    this.#status.write(status)
  }

  #factsOf({ name }: Container) {
    return this.#runners.get(name)?.facts ?? INITIAL_FACTS
  }

  #now(): string {
    return new Date(this.#deps.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
  }
}
