/** What is known of one container, and how the API shows it. Pure. */
import { constants } from 'node:os'
import { SETUP_FAILED } from './container-script.ts'
import type { Container, ContainerStateStatus, ContainerStatus } from './pod.ts'
import type { ExitStatus } from './runtime.ts'

export type ContainerState =
  | { readonly kind: 'waiting'; readonly reason: string; readonly message?: string }
  | { readonly kind: 'running'; readonly startedAt: string }
  | Terminated

export interface Terminated {
  readonly kind: 'terminated'
  readonly exitCode: number
  readonly signal: number | undefined
  readonly reason: string
  readonly message?: string
  readonly startedAt: string
  readonly finishedAt: string
}

export interface ContainerFacts {
  readonly state: ContainerState
  readonly last: Terminated | undefined
  readonly started: boolean
  readonly ready: boolean
  readonly restarts: number
}

/** A container that nobody tried to start. */
export const INITIAL_FACTS: ContainerFacts = {
  state: { kind: 'waiting', reason: 'ContainerCreating' },
  last: undefined,
  started: false,
  ready: false,
  restarts: 0,
}

/** A shell gives 128 and the signal's number when a signal ended the command. */
export function terminatedState(exit: ExitStatus, startedAt: string, finishedAt: string): Terminated {
  const exitCode = exit.code ?? 128 + (exit.signal === undefined ? 0 : constants.signals[exit.signal])
  return {
    kind: 'terminated',
    exitCode,
    signal: exitCode > 128 && exitCode < 192 ? exitCode - 128 : undefined,
    reason: exitCode === 0 ? 'Completed' : exitCode === SETUP_FAILED ? 'StartError' : 'Error',
    startedAt,
    finishedAt,
  }
}

/** As the pod's status has it. */
export function containerStatus(
  container: Container,
  facts: ContainerFacts,
  podUid: string,
): ContainerStatus {
  const image = container.image ?? ''
  return {
    name: container.name,
    state: stateStatus(facts.state),
    lastState: facts.last === undefined ? {} : stateStatus(facts.last),
    ready: facts.ready,
    started: facts.started,
    restartCount: facts.restarts,
    image,
    imageID: `lab://${image}`,
    containerID: `lab://${podUid}/${container.name}/${facts.restarts}`,
  }
}

function stateStatus(state: ContainerState): ContainerStateStatus {
  switch (state.kind) {
    case 'waiting': {
      const { kind: _, ...waiting } = state
      return { waiting }
    }
    case 'running':
      return { running: { startedAt: state.startedAt } }
    case 'terminated': {
      const { kind: _, signal, ...terminated } = state
      return { terminated: { ...terminated, ...(signal !== undefined && { signal }) } }
    }
  }
}
