import { expect, test } from '@jest/globals'
import { silentLogger } from '../../../src/core/log.ts'
import { type Work, WorkQueue, type WorkQueueConfig } from '../../../src/core/work-queue.ts'
import { FakeClock, settle } from '../../support/fake-clock.ts'

function queueOf(work: Work, config: WorkQueueConfig = {}) {
  const clock = new FakeClock()
  const queue = new WorkQueue({ clock, log: silentLogger, random: () => 1 }, config, work)
  return { clock, queue }
}

/** Work that ends when told. */
function heldWork() {
  const running: { key: string; end: () => void; fail: (error: Error) => void; signal: AbortSignal }[] = []
  const work: Work = (key, signal) =>
    new Promise<void>((resolve, reject) => running.push({ key, end: resolve, fail: reject, signal }))
  return { running, work }
}

test('a key added many times before the queue starts is worked on once', async () => {
  const seen: string[] = []
  const { queue } = queueOf(async (key) => void seen.push(key))
  for (const key of ['a', 'b', 'a', 'a']) queue.add(key)
  await queue.start()
  await settle()
  expect(seen).toEqual(['a', 'b'])
  expect(queue.size).toBe(0)
})

test('a key added while it is being worked on is worked on once more afterwards, never twice at a time', async () => {
  const { running, work } = heldWork()
  const { queue } = queueOf(work)
  await queue.start()
  queue.add('a')
  queue.add('a')
  queue.add('a')
  expect(running).toHaveLength(1)
  running[0]?.end()
  await settle()
  expect(running).toHaveLength(2)
  running[1]?.end()
  await settle()
  expect(running).toHaveLength(2)
})

test('no more keys run side by side than allowed', async () => {
  const { running, work } = heldWork()
  const { queue } = queueOf(work, { concurrency: 2 })
  await queue.start()
  for (const key of ['a', 'b', 'c']) queue.add(key)
  expect(running.map(({ key }) => key)).toEqual(['a', 'b'])
  running[0]?.end()
  await settle()
  expect(running.map(({ key }) => key)).toEqual(['a', 'b', 'c'])
})

test('a failing key is tried again after delays that double, other keys are not held up', async () => {
  const attempts: number[] = []
  const seen: string[] = []
  const { clock, queue } = queueOf(async (key) => {
    if (key === 'good') return void seen.push(key)
    attempts.push(clock.monotonic())
    throw new Error('no')
  })
  await queue.start()
  queue.add('bad')
  await clock.advance(400)
  queue.add('good')
  await settle()
  expect(attempts).toEqual([0, 50, 150, 350])
  expect(seen).toEqual(['good'])
})

test('success makes the next failure start with the shortest delay again', async () => {
  const attempts: number[] = []
  let failing = true
  const { clock, queue } = queueOf(async () => {
    attempts.push(clock.monotonic())
    if (failing) throw new Error('no')
  })
  await queue.start()
  queue.add('a')
  await clock.advance(60)
  failing = false
  await clock.advance(100)
  failing = true
  queue.add('a')
  await clock.advance(50)
  expect(attempts).toEqual([0, 50, 150, 160, 210])
})

test('a full queue refuses new keys and still takes known ones', () => {
  const { queue } = queueOf(async () => {}, { maxKeys: 2 })
  expect([queue.add('a'), queue.add('b'), queue.add('c'), queue.add('a')]).toEqual([true, true, false, true])
})

test('stop lets running work end and takes nothing new', async () => {
  const { running, work } = heldWork()
  const { queue } = queueOf(work, { concurrency: 1 })
  await queue.start()
  queue.add('a')
  queue.add('b')
  const stopped = queue.stop()
  expect(queue.add('c')).toBe(false)
  running[0]?.end()
  await stopped
  expect(running.map(({ key }) => key)).toEqual(['a'])
  expect(running[0]?.signal.aborted).toBe(false)
})

test('stop aborts work that does not end within the drain time', async () => {
  const { running, work } = heldWork()
  const { clock, queue } = queueOf(work, { drainMs: 1000 })
  await queue.start()
  queue.add('a')
  const stopped = queue.stop()
  await clock.advance(1000)
  await stopped
  expect(running[0]?.signal.aborted).toBe(true)
})
