/** A pod's status from what is known of its containers. */
import { describe, expect, test } from '@jest/globals'
import {
  type ContainerFacts,
  INITIAL_FACTS,
  terminatedState,
} from '../../../../src/lab/kubelet/container-state.ts'
import type { LabPod, LabPodStatus } from '../../../../src/lab/kubelet/pod.ts'
import { podStatus } from '../../../../src/lab/kubelet/pod-status.ts'

const T0 = '2026-01-01T00:00:00Z'
const T1 = '2026-01-01T00:00:09Z'
const RUNNING: ContainerFacts = {
  ...INITIAL_FACTS,
  state: { kind: 'running', startedAt: T0 },
  started: true,
  ready: true,
}

function ended(code: number): ContainerFacts {
  const state = terminatedState({ code, signal: undefined }, T0, T1)
  return { ...INITIAL_FACTS, state, last: state }
}

function statusOf(
  facts: ContainerFacts[],
  pod: Partial<LabPod['spec']> = {},
  init: ContainerFacts[] = [],
  previous?: LabPodStatus,
) {
  const views = (list: ContainerFacts[], prefix: string) =>
    list.map((each, index) => ({ container: { name: `${prefix}${index}` }, facts: each }))
  return podStatus(
    { metadata: { name: 'p', uid: 'u' }, spec: { containers: [], ...pod } },
    {
      init: views(init, 'i'),
      main: views(facts, 'c'),
      addresses: ['10.244.0.5', 'fd00:244::5'],
      hostAddresses: ['172.31.0.10'],
      startTime: T0,
      now: T1,
    },
    previous,
  )
}

const ready = (status: LabPodStatus) => status.conditions?.find(({ type }) => type === 'Ready')

describe('the phase of a pod', () => {
  test.each([
    ['Pending', [INITIAL_FACTS], 'Always'],
    ['Running', [RUNNING], 'Always'],
    ['Pending', [RUNNING, INITIAL_FACTS], 'Always'],
    ['Running', [ended(1)], 'Always'],
    ['Succeeded', [ended(0)], 'Never'],
    ['Failed', [ended(0), ended(2)], 'Never'],
    ['Running', [ended(0), RUNNING], 'Never'],
    ['Running', [ended(1)], 'OnFailure'],
    ['Succeeded', [ended(0)], 'OnFailure'],
  ] as const)('is %s for %j with restart policy %s', (phase, facts, restartPolicy) => {
    expect(statusOf([...facts], { restartPolicy }).phase).toBe(phase)
  })

  test('is Pending until all init containers succeeded, and Failed when one may not be tried again', () => {
    expect(statusOf([INITIAL_FACTS], {}, [ended(0), RUNNING]).phase).toBe('Pending')
    expect(statusOf([INITIAL_FACTS], { restartPolicy: 'Never' }, [ended(1)]).phase).toBe('Failed')
    expect(
      statusOf([RUNNING], {}, [ended(0)]).conditions?.find(({ type }) => type === 'Initialized')?.status,
    ).toBe('True')
  })
})

describe('the conditions of a pod', () => {
  test('say ready only when every container is', () => {
    expect(ready(statusOf([RUNNING, RUNNING]))?.status).toBe('True')
    expect(ready(statusOf([RUNNING, { ...RUNNING, ready: false }]))).toMatchObject({
      status: 'False',
      message: 'containers with unready status: [c1]',
    })
  })

  test('keep the time of their last turn', () => {
    const before = statusOf([RUNNING])
    const old = {
      ...before,
      conditions: before.conditions?.map((condition) => ({ ...condition, lastTransitionTime: T0 })),
    } as LabPodStatus
    expect(ready(statusOf([RUNNING], {}, [], old))?.lastTransitionTime).toBe(T0)
    expect(ready(statusOf([INITIAL_FACTS], {}, [], old))?.lastTransitionTime).toBe(T1)
  })
})

describe('the state of a container', () => {
  test('tells how it ended', () => {
    const [status] = statusOf([ended(137)]).containerStatuses ?? []
    expect(status?.state.terminated).toEqual({
      exitCode: 137,
      signal: 9,
      reason: 'Error',
      startedAt: T0,
      finishedAt: T1,
    })
    expect(status?.lastState.terminated?.exitCode).toBe(137)
    expect(statusOf([ended(0)]).containerStatuses?.[0]?.state.terminated?.reason).toBe('Completed')
  })

  test('tells why it waits', () => {
    const waiting: ContainerFacts = {
      ...ended(1),
      state: { kind: 'waiting', reason: 'CrashLoopBackOff', message: 'm' },
      restarts: 4,
    }
    expect(statusOf([waiting]).containerStatuses?.[0]).toMatchObject({
      state: { waiting: { reason: 'CrashLoopBackOff', message: 'm' } },
      restartCount: 4,
      ready: false,
    })
  })
})
