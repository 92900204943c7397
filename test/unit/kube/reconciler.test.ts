import { expect, test } from '@jest/globals'
import type { KubeObject } from '../../../src/api/objects.ts'
import { silentLogger } from '../../../src/core/log.ts'
import { OVERFLOW_RESYNC_MS } from '../../../src/kube/limits.ts'
import { Reconciler, source } from '../../../src/kube/reconciler.ts'
import { ObjectStore } from '../../../src/kube/store.ts'
import { FakeClock, settle } from '../../support/fake-clock.ts'

function object(name: string, version: string, app: string): KubeObject {
  return { metadata: { name, uid: name, resourceVersion: version, labels: { app } } }
}

function reconcilerOf(config: { maxKeys?: number; concurrency?: number } = {}) {
  const clock = new FakeClock()
  const store = new ObjectStore<KubeObject>({}, (error) => {
    throw error
  })
  const seen: string[] = []
  const reconciler = new Reconciler(
    { clock, log: silentLogger },
    {
      ...config,
      sources: [source(store, ({ metadata }) => [metadata.labels?.['app'] ?? ''])],
      reconcile: async (key) => void seen.push(key),
    },
  )
  return { clock, store, seen, reconciler }
}

test('nothing is reconciled before every source is complete, then every key once', async () => {
  const { store, seen, reconciler } = reconcilerOf()
  await reconciler.start()
  store.put(object('early', '1', 'x'))
  await settle()
  expect(seen).toEqual([])
  store.replace([object('a', '2', 'x'), object('b', '3', 'y'), object('c', '4', 'x')])
  await settle()
  expect(seen.sort()).toEqual(['x', 'y'])
  await reconciler.stop()
})

test('an object that moves to another key has both reconciled', async () => {
  const { store, seen, reconciler } = reconcilerOf()
  store.replace([object('a', '1', 'old')])
  await reconciler.start()
  await settle()
  store.put(object('a', '2', 'new'))
  await settle()
  expect(seen).toEqual(['old', 'new', 'old'])
  await reconciler.stop()
})

test('keys that a full queue refused are reconciled later', async () => {
  const { clock, store, seen, reconciler } = reconcilerOf({ maxKeys: 1, concurrency: 1 })
  store.replace([object('a', '1', 'one'), object('b', '2', 'two')])
  await reconciler.start()
  await settle()
  expect(seen).toEqual(['one'])
  store.remove(object('a', '3', 'one'))
  await clock.advance(OVERFLOW_RESYNC_MS)
  expect(seen).toContain('two')
  await reconciler.stop()
})

test('after stop changes are not followed', async () => {
  const { store, seen, reconciler } = reconcilerOf()
  store.replace([])
  await reconciler.start()
  await settle()
  await reconciler.stop()
  store.put(object('a', '1', 'x'))
  await settle()
  expect(seen).toEqual([])
})
