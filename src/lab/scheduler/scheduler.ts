/** Gives every pod that has no node one. There is one in each cluster, on its first node. */
import { Resource } from '../../api/resources.ts'
import { Backoff } from '../../core/backoff.ts'
import type { Cancel, Clock } from '../../core/clock.ts'
import { describeError } from '../../core/errors.ts'
import type { Startable } from '../../core/lifecycle.ts'
import type { Logger } from '../../core/log.ts'
import { isConflict, isNotFound } from '../../kube/errors.ts'
import type { EventRecorder } from '../../kube/events.ts'
import type { KubeClient, Store } from '../../kube/types.ts'
import { bindPod } from './bind-pod.ts'
import { BIND_BACKOFF } from './limits.ts'
import { place } from './placement.ts'
import type { SchedulableNode, SchedulablePod } from './schedulable.ts'

export interface SchedulerDeps {
  readonly client: KubeClient
  readonly stores: { readonly pods: Store<SchedulablePod>; readonly nodes: Store<SchedulableNode> }
  readonly clock: Clock
  readonly log: Logger
  readonly events: Pick<EventRecorder, 'record'>
}

/** Pods of this scheduler name, and those that name none. */
const NAME = 'default-scheduler'

export class Scheduler implements Startable {
  readonly #deps: SchedulerDeps
  /** Where pods were sent whose binding is not seen yet, by uid. */
  readonly #assumed = new Map<string, string>()
  readonly #backoff = new Backoff(BIND_BACKOFF)
  #unsubscribe: (() => void)[] = []
  #cancelRetry: Cancel | undefined

  constructor(deps: SchedulerDeps) {
    this.#deps = deps
  }

  async start(): Promise<void> {
    const { pods, nodes } = this.#deps.stores
    this.#unsubscribe = [
      pods.subscribe(({ type, object }) => {
        if (type === 'deleted' || object.spec?.nodeName) this.#assumed.delete(object.metadata.uid ?? '')
        this.#scheduleAll()
      }),
      nodes.subscribe(() => this.#scheduleAll()),
    ]
    this.#scheduleAll()
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#cancelRetry?.()
  }

  #scheduleAll(): void {
    const { pods, nodes } = this.#deps.stores
    if (!pods.synced || !nodes.synced) return
    for (const pod of pods.list().filter(isWaiting)) {
      if (!this.#assumed.has(pod.metadata.uid ?? '')) this.#schedule(pod)
    }
  }

  #schedule(pod: SchedulablePod): void {
    const { pods, nodes } = this.#deps.stores
    const placement = place(
      pod,
      nodes.list(),
      pods
        .list()
        .map((each) => this.#asPlaced(each))
        .filter(isPlaced),
    )
    if ('reason' in placement) this.#refuse(pod, placement.reason)
    else this.#bind(pod, placement.node)
  }

  #bind(pod: SchedulablePod, node: string): void {
    this.#assumed.set(pod.metadata.uid ?? '', node)
    bindPod(this.#deps.client, pod, node).then(
      () => this.#backoff.reset(),
      (error) => this.#failed(pod, error),
    )
  }

  #asPlaced(pod: SchedulablePod): SchedulablePod {
    const nodeName = this.#assumed.get(pod.metadata.uid ?? '')
    return nodeName === undefined ? pod : { ...pod, spec: { ...pod.spec, nodeName } }
  }

  #failed(pod: SchedulablePod, error: unknown): void {
    this.#assumed.delete(pod.metadata.uid ?? '')
    if (isNotFound(error) || isConflict(error)) return
    const name = `${pod.metadata.namespace}/${pod.metadata.name}`
    this.#deps.log.warn({ pod: name, error: describeError(error) }, 'cannot place a pod yet')
    this.#cancelRetry?.()
    this.#cancelRetry = this.#deps.clock.after(this.#backoff.next(), () => this.#scheduleAll())
  }

  /** Said once, until it is for another reason. */
  #refuse(pod: SchedulablePod, message: string): void {
    if (pod.status?.conditions?.some((each) => each.type === 'PodScheduled' && each.message === message))
      return
    const { namespace = 'default', name = '' } = pod.metadata
    const lastTransitionTime = new Date(this.#deps.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
      lastTransitionTime,
    }
    const patch = { status: { conditions: [condition] } }
    const regarding = { ...pod, apiVersion: 'v1', kind: 'Pod' }
    const what = { reason: 'FailedScheduling', action: 'Scheduling', note: message }
    this.#deps.events.record(regarding, { type: 'Warning', ...what })
    this.#deps.client
      .patch(Resource.pod, { namespace, name }, 'strategic', patch, 'status')
      .catch((error) => this.#deps.log.debug({ error: describeError(error) }, 'cannot say why a pod waits'))
  }
}

function isPlaced({ spec }: SchedulablePod): boolean {
  return !!spec?.nodeName
}

function isWaiting({ metadata, spec, status }: SchedulablePod): boolean {
  if (spec?.nodeName || metadata.deletionTimestamp !== undefined) return false
  return (spec?.schedulerName ?? NAME) === NAME && status?.phase !== 'Succeeded' && status?.phase !== 'Failed'
}
