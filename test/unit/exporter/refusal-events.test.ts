/** How often refused flows are told of in Events. */
import { beforeEach, expect, test } from '@jest/globals'
import type { ServicePolicy } from '../../../src/api/service-policy.ts'
import { DENIAL_EVENT_LOOK_MS, DENIAL_EVENT_MS, DENIAL_EVENTS_MAX } from '../../../src/exporter/limits.ts'
import { RefusalEvents } from '../../../src/exporter/refusal-events.ts'
import type { Store, StoreEvent } from '../../../src/kube/types.ts'
import { HandClock } from '../../support/hand-clock.ts'

let clock: HandClock
let listeners: ((event: StoreEvent<ServicePolicy>) => void)[]
let told: string[]
let before: ServicePolicy[]

beforeEach(() => {
  clock = new HandClock()
  listeners = []
  told = []
  before = []
})

function policy(counts: Record<string, number>, uid = 'u1'): ServicePolicy {
  const refusals = Object.entries(counts).map(([cluster, count]) => ({
    cluster,
    count,
    reason: 'NotAllowed',
    lastTime: '2026-01-01T00:00:00Z',
  }))
  return { metadata: { namespace: 'demo', name: 'p', uid }, status: { refusals } }
}

async function start(): Promise<RefusalEvents> {
  const policies = {
    list: () => before,
    subscribe: (listener: (event: StoreEvent<ServicePolicy>) => void) => {
      listeners.push(listener)
      return () => {}
    },
  } as unknown as Store<ServicePolicy>
  const events = new RefusalEvents({ policies, clock, tell: (_, { note }) => told.push(note) })
  await events.start()
  return events
}

function change(object: ServicePolicy): void {
  for (const listener of listeners) listener({ type: 'updated', object, previous: object })
}

const WEST = expect.stringContaining('from cluster west')
const NORTH = expect.stringContaining('from cluster north')

test('the first refusal of each cluster is told at once', async () => {
  await start()
  change(policy({ west: 3 }))
  change(policy({ west: 3, north: 1 }))
  expect(told).toEqual([WEST, NORTH])
})

test('later ones are told once a minute, also when the status changes no more', async () => {
  await start()
  change(policy({ west: 1 }))
  for (let second = 0; second < 50; second += 1) {
    clock.advance(1_000)
    change(policy({ west: 2 + second }))
  }
  expect(told).toHaveLength(1)
  clock.advance(DENIAL_EVENT_MS - 50_000 + DENIAL_EVENT_LOOK_MS)
  expect(told).toEqual([WEST, WEST])
  clock.advance(10 * DENIAL_EVENT_MS)
  expect(told).toHaveLength(2)
})

test('what was refused before it began is not told again', async () => {
  before = [policy({ west: 5 })]
  await start()
  change(policy({ west: 5 }))
  expect(told).toEqual([])
  change(policy({ west: 6 }))
  expect(told).toEqual([WEST])
})

test('a policy that was deleted and made again begins anew', async () => {
  await start()
  change(policy({ west: 5 }))
  const gone = policy({ west: 5 })
  for (const listener of listeners) listener({ type: 'deleted', object: gone })
  change(policy({ west: 1 }, 'u2'))
  expect(told).toEqual([WEST, WEST])
})

test('its memory is bounded', async () => {
  await start()
  for (let index = 0; index <= DENIAL_EVENTS_MAX; index += 1) change(policy({ west: 1 }, `u${index}`))
  change(policy({ west: 2 }, `u${DENIAL_EVENTS_MAX}`))
  expect(told).toHaveLength(DENIAL_EVENTS_MAX + 1)
  change(policy({ west: 2 }, 'u0'))
  expect(told).toHaveLength(DENIAL_EVENTS_MAX + 2)
})
