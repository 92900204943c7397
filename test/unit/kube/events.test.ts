import { expect, test } from '@jest/globals'
import type { KubeObject } from '../../../src/api/objects.ts'
import { silentLogger } from '../../../src/core/log.ts'
import { EventRecorder } from '../../../src/kube/events.ts'
import { EVENT_MAX_KEYS } from '../../../src/kube/limits.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'shop', uid: 'u1' } }
const warning = { type: 'Warning', reason: 'Conflict', action: 'Merge', note: 'ports differ' } as const

async function recorderOf(failing = { create: false }) {
  const clock = new FakeClock()
  const created: KubeObject[] = []
  const patched: unknown[] = []
  const client = {
    create: async <T>(_: unknown, object: T) => {
      if (failing.create) throw new Error('refused')
      created.push(object as KubeObject)
      return object
    },
    patch: async <T>(_type: unknown, _ref: unknown, _kind: unknown, patch: unknown) => {
      patched.push(patch)
      return patch as T
    },
  }
  const recorder = new EventRecorder(
    { client, clock, log: silentLogger },
    { controller: 'fairlead.dev/exporter', instance: 'pod-1' },
  )
  await recorder.start()
  return { clock, created, patched, recorder }
}

test('an event carries what the API demands', async () => {
  const { clock, created, recorder } = await recorderOf()
  recorder.record(service, { ...warning, note: `${'x'.repeat(1020)}éééé` })
  await clock.advance(1_000)
  expect(created[0]).toMatchObject({
    metadata: { namespace: 'shop' },
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'fairlead.dev/exporter',
    reportingInstance: 'pod-1',
    regarding: { kind: 'Service', name: 'web', namespace: 'shop', uid: 'u1' },
    reason: 'Conflict',
  })
  expect(Buffer.byteLength((created[0] as unknown as { note: string }).note)).toBeLessThanOrEqual(1024)
  await recorder.stop()
})

test('the same event repeated is one event with a growing count', async () => {
  const { clock, created, patched, recorder } = await recorderOf()
  recorder.record(service, warning)
  await clock.advance(1_000)
  recorder.record(service, warning)
  recorder.record(service, warning)
  await clock.advance(1_000)
  await recorder.stop()
  expect(created).toHaveLength(1)
  expect(patched).toEqual([{ series: { count: 3, lastObservedTime: '2026-01-01T00:00:01.000000Z' } }])
})

test('an event whose creation failed is created at its next occurrence', async () => {
  const failing = { create: true }
  const { clock, created, recorder } = await recorderOf(failing)
  recorder.record(service, warning)
  await clock.advance(1_000)
  failing.create = false
  recorder.record(service, warning)
  await clock.advance(1_000)
  await recorder.stop()
  expect(created).toMatchObject([{ series: { count: 2 } }])
})

test('after a pause the same event starts anew, and no more are remembered than the bound', async () => {
  const { clock, created, recorder } = await recorderOf()
  recorder.record(service, warning)
  await clock.advance(10 * 60_000)
  recorder.record(service, warning)
  await clock.advance(1_000)
  expect(created).toHaveLength(2)
  for (let n = 0; n < EVENT_MAX_KEYS + 50; n++) recorder.record(service, { ...warning, note: `note ${n}` })
  await recorder.stop()
  expect(created).toHaveLength(2 + EVENT_MAX_KEYS)
})

test('an event about the longest of names has a name that the API takes', async () => {
  const { clock, created, recorder } = await recorderOf()
  recorder.record({ ...service, metadata: { name: `${'a.'.repeat(120)}${'b'.repeat(13)}` } }, warning)
  await clock.advance(1_000)
  await recorder.stop()
  expect(created[0]?.metadata.name?.length).toBeLessThanOrEqual(253)
  expect(created[0]?.metadata.name).toMatch(/^a[a.]*a\.[0-9a-f]{16}$/)
})
