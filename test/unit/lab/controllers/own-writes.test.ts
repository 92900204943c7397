import { expect, test } from '@jest/globals'
import { ObjectStore } from '../../../../src/kube/store.ts'
import { OwnWrites } from '../../../../src/lab/controllers/own-writes.ts'
import type { WorkloadPod } from '../../../../src/lab/controllers/workloads.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { pod } from '../../../support/workload-objects.ts'

function setUp() {
  const clock = new FakeClock()
  const store = new ObjectStore<WorkloadPod>({}, (error) => {
    throw error
  })
  const view = new OwnWrites<WorkloadPod>(store, clock)
  const names = () => view.list('demo').map((each) => each.metadata.name)
  const terminating = () =>
    view.list('demo').filter((each) => each.metadata.deletionTimestamp !== undefined).length
  return { clock, store, view, names, terminating }
}

function at(version: number, name = 'a', labels: Record<string, string> = {}): WorkloadPod {
  const made = pod(name, { labels })
  return { ...made, metadata: { ...made.metadata, resourceVersion: String(version) } }
}

test('what we created is there before the watch shows it, and once when it does', () => {
  const { store, view, names } = setUp()
  view.wrote(at(5))
  expect(names()).toEqual(['a'])
  store.put(at(5))
  expect(names()).toEqual(['a'])
})

test('our newer version hides the older one of the watch, and gives way to a newer one', () => {
  const { store, view } = setUp()
  store.put(at(5))
  view.wrote(at(7, 'a', { from: 'us' }))
  store.put(at(6, 'a', { from: 'others' }))
  expect(view.list('demo')[0]?.metadata.labels).toEqual({ from: 'us' })
  store.put(at(8, 'a', { from: 'others' }))
  expect(view.list('demo')[0]?.metadata.labels).toEqual({ from: 'others' })
})

test('an answer that comes after its event changes nothing', () => {
  const { store, view } = setUp()
  store.put(at(6, 'a', { from: 'others' }))
  view.wrote(at(5, 'a', { from: 'us' }))
  expect(view.list('demo')[0]?.metadata.labels).toEqual({ from: 'others' })
})

test('what we deleted counts as being deleted until it is gone', () => {
  const { store, view, names, terminating } = setUp()
  store.put(at(5))
  view.deleted(at(5))
  store.put(at(6))
  expect(terminating()).toBe(1)
  store.remove(at(7))
  expect(names()).toEqual([])
})

test('a write that the watch never shows is forgotten after a while', async () => {
  const { clock, view, names } = setUp()
  view.wrote(at(5))
  await clock.advance(5_000)
  expect(names()).toEqual([])
})
