/** The node's agent: runs the pods of its node, and ends those that are deleted. */
import { Resource } from '../../api/resources.ts'
import { Backoff } from '../../core/backoff.ts'
import type { Cancel, Clock } from '../../core/clock.ts'
import { describeError } from '../../core/errors.ts'
import type { Startable } from '../../core/lifecycle.ts'
import type { Logger } from '../../core/log.ts'
import { isConflict, isNotFound } from '../../kube/errors.ts'
import type { KubeClient, Store } from '../../kube/types.ts'
import type { PlacedPod, RunningContainer } from '../kubelet-client.ts'
import { pause } from '../pause.ts'
import { ClusterConfigSource } from './cluster-config-source.ts'
import type { ContainerRunner } from './container-runner.ts'
import { MAX_PODS, STATUS_BACKOFF, VOLUME_REFRESH_INTERVAL } from './limits.ts'
import { type ConfigMap, DEFAULT_GRACE_SECONDS, type LabPod, podName, type Secret } from './pod.ts'
import { PodWorker, type PodWorkerConfig } from './pod-worker.ts'
import type { PodRuntime } from './runtime.ts'
import type { TokenSource } from './token-source.ts'

export interface KubeletDeps {
  readonly client: KubeClient
  readonly clock: Clock
  readonly log: Logger
  readonly runtime: PodRuntime
  readonly pods: Store<LabPod>
  readonly configMaps: Store<ConfigMap>
  readonly secrets: Store<Secret>
  readonly tokens: TokenSource
  /** An event of a pod, for people. */
  readonly tell: (pod: LabPod, reason: string, message: string) => void
}

export interface KubeletConfig extends PodWorkerConfig {
  readonly nodeName: string
  /** Whether pods that are deleted before they have a node are removed by this one. */
  readonly endsUnplaced: boolean
}

export class Kubelet implements Startable {
  readonly #deps: KubeletDeps
  readonly #config: KubeletConfig
  readonly #workers = new Map<string, PodWorker>()
  /** Pods being ended, so that each is once. */
  readonly #busy = new Set<string>()
  readonly #stopping = new AbortController()
  #unsubscribe: (() => void)[] = []
  #cancelRefresh: Cancel = () => {}

  constructor(deps: KubeletDeps, config: KubeletConfig) {
    this.#deps = deps
    this.#config = config
  }

  async start(): Promise<void> {
    const { pods, configMaps, secrets, clock } = this.#deps
    this.#unsubscribe = [
      pods.subscribe((event) =>
        event.type === 'deleted' ? this.#gone(event.object) : this.#sync(event.object),
      ),
      configMaps.subscribe(({ object }) => this.#refresh(object, 'configMap')),
      secrets.subscribe(({ object }) => this.#refresh(object, 'secret')),
    ]
    for (const pod of pods.list()) this.#sync(pod)
    this.#cancelRefresh = clock.every(VOLUME_REFRESH_INTERVAL, () => this.#refreshAll())
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#cancelRefresh()
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    await Promise.all([...this.#workers.values()].map((worker) => worker.discard()))
  }

  /** The container of a pod that runs here. */
  runner(namespace: string, pod: string, container: string): ContainerRunner | undefined {
    const uid = this.#deps.pods.get({ namespace, name: pod })?.metadata.uid
    return uid === undefined ? undefined : this.#workers.get(uid)?.runner(container)
  }

  /** Containers that run now. */
  running(): readonly RunningContainer[] {
    return [...this.#workers.values()].flatMap((worker) => worker.running())
  }

  /** Pods that have an address of their own now. */
  placed(): readonly PlacedPod[] {
    return [...this.#workers.values()].flatMap((worker) => worker.placed())
  }

  #sync(pod: LabPod): void {
    const { uid = '', deletionTimestamp } = pod.metadata
    const worker = this.#workers.get(uid)
    const place = pod.spec?.nodeName ?? ''
    // A pod that ends before it has a node is the first one's to remove.
    const isOurs = place === this.#config.nodeName || (place === '' && this.#config.endsUnplaced)
    if (!isOurs) return
    if (deletionTimestamp !== undefined) this.#terminate(pod, worker)
    else if (place === '') return
    else if (worker === undefined && !isFinished(pod) && this.#workers.size < MAX_PODS)
      this.#startWorker(pod, uid)
  }

  #startWorker(pod: LabPod, uid: string): void {
    const source = new ClusterConfigSource(this.#deps, pod)
    const worker = new PodWorker({ ...this.#deps, source }, this.#config, pod)
    this.#workers.set(uid, worker)
    worker.start()
  }

  #terminate(pod: LabPod, worker: PodWorker | undefined): void {
    const grace = pod.metadata.deletionGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS
    const { namespace = 'default', name = '', uid = '' } = pod.metadata
    // A shorter grace given later is a new reason to end it.
    this.#persist(`end ${uid} ${grace}`, pod, async () => {
      if (worker !== undefined) await worker.terminate(grace)
      else await this.#deps.client.delete(Resource.pod, { namespace, name }, { gracePeriodSeconds: 0, uid })
    })
  }

  #gone(pod: LabPod): void {
    const { uid = '' } = pod.metadata
    const worker = this.#workers.get(uid)
    this.#workers.delete(uid)
    this.#deps.tokens.forget(uid)
    worker?.discard().catch((error) => this.#failed(pod, error))
  }

  /** Tries until it works, unless the object it is about is gone or another. */
  #persist(key: string, pod: LabPod, work: () => Promise<void>): void {
    if (this.#busy.has(key)) return
    this.#busy.add(key)
    void this.#repeat(pod, work).finally(() => this.#busy.delete(key))
  }

  async #repeat(pod: LabPod, work: () => Promise<void>): Promise<void> {
    const backoff = new Backoff(STATUS_BACKOFF)
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (isNotFound(error) || isConflict(error)) return
        this.#failed(pod, error)
      }
      if (!(await pause(this.#deps.clock, backoff.next(), this.#stopping.signal))) return
    }
  }

  #refresh({ metadata: { namespace, name = '' } }: ConfigMap | Secret, kind: 'configMap' | 'secret'): void {
    for (const pod of this.#deps.pods.list(namespace ?? '')) {
      this.#refreshPod(pod, (worker) => worker.refresh(kind, name))
    }
  }

  #refreshAll(): void {
    for (const pod of this.#deps.pods.list()) this.#refreshPod(pod, (worker) => worker.refresh())
  }

  #refreshPod(pod: LabPod, refresh: (worker: PodWorker) => Promise<void>): void {
    const worker = this.#workers.get(pod.metadata.uid ?? '')
    if (worker !== undefined) refresh(worker).catch((error) => this.#failed(pod, error))
  }

  #failed(pod: LabPod, error: unknown): void {
    this.#deps.log.warn({ pod: podName(pod), error: describeError(error) }, 'a step of a pod failed')
  }
}

function isFinished({ status }: LabPod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed'
}
