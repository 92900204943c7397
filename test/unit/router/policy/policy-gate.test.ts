/** Who is let in by the policies of the snapshot, and within which limits. */
import { beforeEach, describe, expect, test } from '@jest/globals'
import { FlowCondition } from '../../../../src/amqp/flow-transport.ts'
import type { AccessClient, AccessPolicy } from '../../../../src/api/access-policy.ts'
import { emptyRouteSnapshot, type RouteSnapshot } from '../../../../src/api/route-snapshot.ts'
import { createMetrics } from '../../../../src/core/metrics.ts'
import { Snapshot } from '../../../../src/core/snapshot.ts'
import { DenialCounts } from '../../../../src/router/policy/denial-counts.ts'
import { OPEN_PASS, Pass } from '../../../../src/router/policy/pass.ts'
import { PolicyGate, type Refusal } from '../../../../src/router/policy/policy-gate.ts'
import { HandClock } from '../../../support/hand-clock.ts'
import { ECHO } from '../../../support/routes.ts'

const WEST: AccessClient = { cluster: 'west', namespace: 'shop', serviceAccount: 'web' }
const NORTH: AccessClient = { cluster: 'north' }
const ONLY_WEST: AccessPolicy = { policy: 'demo/west', rules: [{ clusters: ['west'] }], limits: {} }

let clock: HandClock
let snapshot: Snapshot<RouteSnapshot>
let denials: DenialCounts
let gate: PolicyGate
let replicas: number

beforeEach(() => {
  clock = new HandClock()
  snapshot = new Snapshot(emptyRouteSnapshot)
  denials = new DenialCounts(clock, createMetrics())
  replicas = 1
  gate = new PolicyGate({ snapshot, denials, clock, replicas: () => replicas })
})

function hold(...policies: AccessPolicy[]): void {
  snapshot.set({ ...emptyRouteSnapshot, access: new Map([[ECHO, policies]]) })
  gate.follow()
}

const waiter = { bytesAllowed: () => {} }

function letIn(client: AccessClient): Pass {
  const pass = gate.enter(ECHO, client)
  if (!(pass instanceof Pass)) throw new Error(pass.error.condition)
  return pass
}

function refused(client: AccessClient): Refusal {
  const refusal = gate.enter(ECHO, client)
  if (refusal instanceof Pass) throw new Error('was let in')
  return refusal
}

/** `policy cluster reason count`. */
const counted = () =>
  denials.current().map(({ policy, cluster, reason, count }) => `${policy} ${cluster} ${reason} ${count}`)

describe('access', () => {
  test('without a policy costs nothing but a look', () => {
    expect(gate.enter(ECHO, NORTH)).toBe(OPEN_PASS)
  })

  test('is refused with a condition of its own, by all policies that say who may call', () => {
    hold(
      ONLY_WEST,
      { policy: 'demo/limits', limits: { connections: 5 } },
      { ...ONLY_WEST, policy: 'demo/too' },
    )
    expect(letIn(WEST).isMetered).toBe(false)
    const { error, policies } = refused(NORTH)
    expect(error.condition).toBe(FlowCondition.denied)
    expect(policies).toEqual(['demo/west', 'demo/too'])
    expect(counted()).toEqual(['demo/west north NotAllowed 1', 'demo/too north NotAllowed 1'])
  })

  test('does not tell clients which policy refused them', () => {
    hold(ONLY_WEST)
    expect(JSON.stringify(refused(NORTH).error)).not.toContain('demo/west')
  })

  test('of an open flow is looked at again when policies change, and only then', () => {
    hold(ONLY_WEST)
    const pass = letIn(WEST)
    expect(gate.renew(ECHO, WEST, pass)).toBe(pass)
    hold({ ...ONLY_WEST, rules: [] })
    expect(gate.renew(ECHO, WEST, pass)).toMatchObject({ error: { condition: FlowCondition.denied } })
    hold({ ...ONLY_WEST, rules: [{ namespaces: ['shop'] }] })
    expect(gate.renew(ECHO, WEST, pass)).toBeInstanceOf(Pass)
    snapshot.set(emptyRouteSnapshot)
    expect(gate.renew(ECHO, WEST, pass)).toBe(OPEN_PASS)
  })
})

describe('a limit of connections', () => {
  const limited: AccessPolicy = { policy: 'demo/limits', limits: { connections: 2 } }

  test('counts flows that are open, and says that it was this limit', () => {
    hold(limited)
    const first = letIn(WEST)
    letIn(NORTH)
    const { error, policies } = refused(WEST)
    expect([error.condition, policies]).toEqual([FlowCondition.overLimit, ['demo/limits']])
    first.leave(waiter)
    letIn(WEST)
    expect(counted()).toEqual(['demo/limits west Connections 1'])
  })

  test('counts only those that the policy lets', () => {
    hold(
      { ...ONLY_WEST, limits: { connections: 1 } },
      { policy: 'demo/north', rules: [{ clusters: ['north'] }], limits: {} },
    )
    letIn(WEST)
    refused(WEST)
    for (let index = 0; index < 5; index += 1) letIn(NORTH)
  })

  test('counts nothing of a flow that another limit refuses', () => {
    hold(
      { policy: 'demo/wide', limits: { connections: 2 } },
      { policy: 'demo/narrow', limits: { connections: 1 } },
    )
    const first = letIn(WEST)
    refused(WEST)
    refused(WEST)
    first.leave(waiter)
    letIn(WEST)
  })

  test('is shared by the routers, each with one at least', () => {
    replicas = 2
    hold({ ...limited, limits: { connections: 3 } })
    letIn(WEST)
    letIn(WEST)
    refused(WEST)
    replicas = 10
    gate.follow()
    refused(WEST)
    replicas = 1
    gate.follow()
    letIn(WEST)
    refused(WEST)
  })

  test('that is lowered ends no flow, and counts those there are', () => {
    hold(limited)
    const passes = [letIn(WEST), letIn(WEST)]
    hold({ ...limited, limits: { connections: 1 } })
    const renewed = passes.map((pass) => {
      const next = gate.renew(ECHO, WEST, pass)
      if (!(next instanceof Pass)) throw new Error('was ended')
      pass.leave(waiter)
      return next
    })
    refused(WEST)
    renewed[0]?.leave(waiter)
    refused(WEST)
    renewed[1]?.leave(waiter)
    letIn(WEST)
  })

  test('counts flows that were open before there was one', () => {
    const pass = letIn(WEST)
    hold({ ...limited, limits: { connections: 1 } })
    gate.renew(ECHO, WEST, pass)
    refused(WEST)
  })
})

describe('a limit of new connections', () => {
  test("lets a second's worth at once, and as many as it says over time", () => {
    hold({ policy: 'demo/rate', limits: { connectionsPerSecond: 3 } })
    for (let index = 0; index < 3; index += 1) letIn(WEST).leave(waiter)
    expect(refused(WEST).error.condition).toBe(FlowCondition.overLimit)
    clock.advance(334)
    letIn(WEST)
    refused(WEST)
    expect(counted()).toEqual(['demo/rate west ConnectionsPerSecond 2'])
  })

  test('is not given back by a change of another policy', () => {
    const rate: AccessPolicy = { policy: 'demo/rate', limits: { connectionsPerSecond: 1 } }
    hold(rate)
    letIn(WEST).leave(waiter)
    hold(rate, { policy: 'demo/more', limits: {} })
    gate.trim()
    refused(WEST)
  })
})

test('a limit of bytes has the bytes of those it covers counted, and of nobody else', () => {
  hold(
    { ...ONLY_WEST, limits: { bytesPerSecond: 1_024 } },
    { policy: 'demo/all', rules: [{}], limits: { connections: 9 } },
  )
  expect(letIn(NORTH).isMetered).toBe(false)
  const pass = letIn(WEST)
  expect([pass.isMetered, pass.debtor]).toEqual([true, undefined])
  pass.spend(5_000)
  expect(pass.debtor).toBeDefined()
  clock.advance(5_000)
  expect(pass.debtor).toBeUndefined()
})

test('limits that are no more are forgotten once nobody counts for them', () => {
  hold({ policy: 'demo/limits', limits: { connections: 1 } })
  const pass = letIn(WEST)
  snapshot.set(emptyRouteSnapshot)
  gate.follow()
  gate.trim()
  pass.leave(waiter)
  gate.trim()
  hold({ policy: 'demo/limits', limits: { connections: 1 } })
  letIn(WEST)
  refused(WEST)
})
