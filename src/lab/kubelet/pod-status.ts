/** A pod's status from the facts of its containers. Pure: the same facts give the same status. */
import type { ContainerFacts } from './container-state.ts'
import { containerStatus } from './container-state.ts'
import type { Container, LabPod, LabPodStatus, PodCondition } from './pod.ts'

/** A container and what is known of it. */
export interface ContainerView {
  readonly container: Container
  readonly facts: ContainerFacts
}

export interface PodView {
  readonly init: readonly ContainerView[]
  readonly main: readonly ContainerView[]
  /** The main one first; none before there is a sandbox. */
  readonly addresses: readonly string[]
  readonly hostAddresses: readonly string[]
  /** RFC 3339. */
  readonly startTime: string
  readonly now: string
}

type Phase = NonNullable<LabPodStatus['phase']>

/** `previous` keeps the times of conditions that did not change. */
export function podStatus(pod: LabPod, view: PodView, previous: LabPodStatus | undefined): LabPodStatus {
  const uid = pod.metadata.uid ?? ''
  const phase = phaseOf(pod, view)
  const [address] = view.addresses
  return {
    phase,
    hostIP: view.hostAddresses[0] ?? '',
    hostIPs: view.hostAddresses.map((ip) => ({ ip })),
    ...(address !== undefined && { podIP: address, podIPs: view.addresses.map((ip) => ({ ip })) }),
    startTime: view.startTime,
    conditions: conditions(phase, view, previous?.conditions ?? []),
    ...(view.init.length > 0 && {
      initContainerStatuses: view.init.map(({ container, facts }) => containerStatus(container, facts, uid)),
    }),
    containerStatuses: view.main.map(({ container, facts }) => containerStatus(container, facts, uid)),
  }
}

function phaseOf(pod: LabPod, { init, main }: PodView): Phase {
  const restart = pod.spec?.restartPolicy ?? 'Always'
  if (restart === 'Never' && init.some((view) => failed(view) && !isSidecar(view.container))) return 'Failed'
  if (!initialized(init) || main.some(({ facts }) => !everRan(facts))) return 'Pending'
  const ended = main.every(({ facts }) => facts.state.kind === 'terminated')
  if (!ended || restart === 'Always') return 'Running'
  if (!main.some(failed)) return 'Succeeded'
  return restart === 'Never' ? 'Failed' : 'Running'
}

/** True for init containers that go on running beside the others. */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always'
}

function initialized(init: readonly ContainerView[]): boolean {
  return init.every(({ container, facts }) =>
    isSidecar(container) ? facts.started || facts.last !== undefined : succeeded(facts),
  )
}

function succeeded({ state }: ContainerFacts): boolean {
  return state.kind === 'terminated' && state.exitCode === 0
}

function failed({ facts: { state } }: ContainerView): boolean {
  return state.kind === 'terminated' && state.exitCode !== 0
}

function everRan({ state, last }: ContainerFacts): boolean {
  return state.kind !== 'waiting' || last !== undefined
}

function conditions(phase: Phase, view: PodView, previous: readonly PodCondition[]): PodCondition[] {
  const done = phase === 'Succeeded' ? 'PodCompleted' : 'ContainersNotReady'
  const waiting = view.main.filter(({ facts }) => !facts.ready).map(({ container }) => container.name)
  const ready = phase === 'Running' && waiting.length === 0
  const unready = { reason: done, message: `containers with unready status: [${waiting.join(' ')}]` }
  const wanted = [
    { type: 'PodScheduled', holds: true },
    { type: 'Initialized', holds: initialized(view.init), reason: 'ContainersNotInitialized' },
    { type: 'ContainersReady', holds: ready, ...unready },
    { type: 'Ready', holds: ready, ...unready },
  ]
  return wanted.map(({ type, holds, ...why }) => {
    const status = holds ? 'True' : 'False'
    const before = previous.find((condition) => condition.type === type)
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : view.now
    return { type, status, lastTransitionTime, ...(!holds && why) }
  })
}
