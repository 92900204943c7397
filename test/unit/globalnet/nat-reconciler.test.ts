/** The table is kept what the inputs say, whatever somebody else does to it. */
import { beforeEach, expect, test } from '@jest/globals'
import type { SourceTable } from '../../../src/api/global-source.ts'
import type { LogFields, Logger } from '../../../src/core/log.ts'
import { createMetrics, type Metrics } from '../../../src/core/metrics.ts'
import { Snapshot } from '../../../src/core/snapshot.ts'
import { INHERIT_MS, VERIFY_MS } from '../../../src/globalnet/nat-limits.ts'
import { type NatInput, planNat } from '../../../src/globalnet/nat-plan.ts'
import { type NatDesired, NatReconciler } from '../../../src/globalnet/nat-reconciler.ts'
import { FakeClock, settle } from '../../support/fake-clock.ts'
import { EXAMPLE, NO_INPUT } from '../../support/nat-inputs.ts'
import { FakeNatDriver } from '../../support/nat-model.ts'

let clock: FakeClock
let driver: FakeNatDriver
let desired: Snapshot<NatDesired | undefined>
let metrics: Metrics
let said: string[]

const TOLD: SourceTable = new Map([
  ['10.0.0.5', [{ first: 32_768, last: 32_831, address: '242.1.0.9' }]],
  ['10.0.0.6', [{ first: 32_832, last: 32_895, address: '242.2.0.9' }]],
])
const wanted = (input: NatInput, sources = TOLD): NatDesired => ({ input, sources })
const fewer = { ...EXAMPLE, localPods: EXAMPLE.localPods.slice(1) }

beforeEach(() => {
  clock = new FakeClock()
  driver = new FakeNatDriver()
  desired = new Snapshot<NatDesired | undefined>(undefined)
  metrics = createMetrics()
  said = []
})

function logger(): Logger {
  const say = (_: LogFields, message: string) => void said.push(message)
  return { debug: () => {}, info: say, warn: say, error: say, child: () => logger() }
}

async function started(input?: NatDesired): Promise<NatReconciler> {
  const reconciler = new NatReconciler({ desired, driver, clock, metrics, log: logger() })
  if (input !== undefined) desired.set(input)
  await reconciler.start()
  await clock.advance(20)
  return reconciler
}

async function metric(name: string): Promise<number> {
  const line = (await metrics.text()).split('\n').find((each) => each.startsWith(`${name} `))
  return Number(line?.split(' ')[1])
}

test('nothing is touched before everything is known', async () => {
  driver.table = planNat(EXAMPLE)
  const reconciler = await started()
  await clock.advance(10 * VERIFY_MS)
  expect([driver.reads, driver.transactions]).toEqual([0, []])
  expect(reconciler.notReady()).toEqual(['nftables (nothing was written yet)'])
})

test('the first plan is written, and the slots in it are told to be in force', async () => {
  const reconciler = await started()
  desired.set(wanted(EXAMPLE))
  await clock.advance(20)
  expect(driver.table).toEqual(planNat(EXAMPLE))
  expect(reconciler.notReady()).toEqual([])
  expect(reconciler.appliedSources.current()).toBe(TOLD)
  expect(await metric('fairlead_agent_elements')).toBe(14)
})

test('slots are told to be in force also when nothing had to change for them', async () => {
  const reconciler = await started(wanted(EXAMPLE))
  const same: SourceTable = new Map(TOLD)
  desired.set(wanted(EXAMPLE, same))
  await clock.advance(20)
  expect(driver.transactions).toHaveLength(1)
  expect(reconciler.appliedSources.current()).toBe(same)
})

test('slots are not told to be in force while they cannot be written', async () => {
  const reconciler = await started(wanted(EXAMPLE))
  driver.failure = new Error('no kernel today')
  desired.set(wanted(fewer, new Map()))
  await clock.advance(1000)
  expect(reconciler.appliedSources.current()).toBe(TOLD)
})

const NOTHING_GLOBAL = { ...NO_INPUT, ranges: EXAMPLE.ranges }

test('changes that come together are one transaction', async () => {
  await started(wanted(EXAMPLE))
  for (let pods = 0; pods < 3; pods++)
    desired.set(wanted({ ...EXAMPLE, localPods: EXAMPLE.localPods.slice(pods) }))
  await clock.advance(20)
  expect(driver.transactions).toHaveLength(2)
})

test('one transaction at a time: what comes meanwhile is written next', async () => {
  await started(wanted(EXAMPLE))
  const gate = Promise.withResolvers<void>()
  driver.gate = gate.promise
  desired.set(wanted(fewer))
  await clock.advance(20)
  desired.set(wanted(NOTHING_GLOBAL, new Map()))
  await clock.advance(1000)
  expect(driver.transactions).toHaveLength(1)
  gate.resolve()
  await settle()
  await clock.advance(20)
  expect(driver.transactions).toHaveLength(3)
  expect(driver.table).toEqual(planNat(NOTHING_GLOBAL))
})

test('without a GlobalNetwork the table goes, and the agent waits for one', async () => {
  const reconciler = await started(wanted(EXAMPLE))
  expect(reconciler.notReady()).toEqual([])
  desired.set(wanted(NO_INPUT, new Map()))
  await clock.advance(20)
  expect(driver.table).toBeUndefined()
  expect(reconciler.notReady()).toEqual(['a GlobalNetwork'])
  desired.set(wanted(EXAMPLE))
  await clock.advance(20)
  expect([driver.table, reconciler.notReady()]).toEqual([planNat(EXAMPLE), []])
})

test('a table that somebody removed is back within five seconds, and counted', async () => {
  await started(wanted(EXAMPLE))
  driver.table = undefined
  await clock.advance(5000)
  expect(driver.table).toEqual(planNat(EXAMPLE))
  expect(await metric('fairlead_agent_drift_repairs_total')).toBe(1)
  expect(said).toContain('somebody changed our nftables table: putting it right')
})

test('elements that somebody changed are put right alone', async () => {
  await started(wanted(EXAMPLE))
  driver.table = planNat(fewer)
  await clock.advance(5000)
  const kinds = driver.transactions.at(-1)?.map(({ kind }) => kind)
  expect(new Set(kinds)).toEqual(new Set(['add-elements']))
})

test('a change of the inputs is no drift', async () => {
  await started(wanted(EXAMPLE))
  desired.set(wanted(fewer))
  await clock.advance(10 * VERIFY_MS)
  expect(await metric('fairlead_agent_drift_repairs_total')).toBe(0)
  expect(driver.transactions).toHaveLength(2)
})

test('an error makes it not ready with the reason, is said once, and is tried again', async () => {
  driver.failure = new Error('no kernel today')
  const reconciler = await started(wanted(EXAMPLE))
  await clock.advance(30_000)
  expect(reconciler.notReady()).toEqual(['nftables (no kernel today)'])
  expect(said).toEqual(['cannot write the nftables table'])
  expect(await metric('fairlead_agent_errors_total')).toBeGreaterThan(3)
  expect(driver.reads).toBeLessThan(20)
  driver.failure = undefined
  await clock.advance(10_000)
  expect(driver.table).toEqual(planNat(EXAMPLE))
  expect(reconciler.notReady()).toEqual([])
})

test('a transaction that fails because the table is another one is made again from what is there', async () => {
  await started(wanted(EXAMPLE))
  driver.table = planNat(fewer)
  desired.set(wanted({ ...fewer, localPods: [] }))
  await clock.advance(1000)
  expect(driver.table).toEqual(planNat({ ...fewer, localPods: [] }))
})

test('flows that lead nowhere any more are forgotten', async () => {
  const unnamed = { ...EXAMPLE, sources: [] }
  await started(wanted(unnamed))
  expect(driver.forgotten).toEqual([{ kind: 'untranslated', range: '242.0.0.0/8' }])
  desired.set(wanted({ ...unnamed, routers: { ready: ['10.0.0.6'], all: ['10.0.0.6', '10.0.0.7'] } }))
  await clock.advance(20)
  expect(driver.forgotten.slice(1)).toEqual([{ kind: 'router', range: '242.0.0.0/8', router: '10.0.0.5' }])
})

test('it leaves the table when it stops, and does nothing after', async () => {
  const reconciler = await started(wanted(EXAMPLE))
  await reconciler.stop()
  desired.set(wanted(fewer))
  await clock.advance(60_000)
  expect(driver.table).toEqual(planNat(EXAMPLE))
  expect(clock.pending).toBe(0)
})

test('slots of routers that have told nothing yet stay from the agent before, for a while', async () => {
  driver.table = planNat(EXAMPLE)
  const none = { ...EXAMPLE, sources: [] }
  await started(wanted(none, new Map()))
  expect(driver.table.sets.get('sources')?.elements.size).toBe(2)
  desired.set(wanted(none, new Map([['10.0.0.6', []]])))
  await clock.advance(20)
  expect([...(driver.table.sets.get('sources')?.elements.keys() ?? [])]).toEqual(['10.0.0.5 . 32768-32831'])
  await clock.advance(INHERIT_MS + 2 * VERIFY_MS)
  expect(driver.table.sets.get('sources')?.elements.size).toBe(0)
})

test('slots of routers that are gone do not stay', async () => {
  driver.table = planNat(EXAMPLE)
  await started(wanted({ ...EXAMPLE, sources: [], routers: { ready: [], all: ['10.0.0.6'] } }, new Map()))
  expect([...(driver.table.sets.get('sources')?.elements.keys() ?? [])]).toEqual(['10.0.0.6 . 32832-32895'])
})
