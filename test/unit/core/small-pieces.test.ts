import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { SendQueue } from '../../../src/amqp/engine/send-queue.ts'
import { SmallPieces } from '../../../src/core/small-pieces.ts'

const bytesOf = (length: number, first = 0) =>
  Buffer.from(Array.from({ length }, (_, i) => (first + i) % 251))

test('pieces of one byte are put together', () => {
  const small = new SmallPieces()
  let last = small.keep(Buffer.from('a'))
  for (const letter of 'bcdef') last = small.extend(last, Buffer.from(letter)) ?? Buffer.from('not joined')
  expect(last.toString()).toBe('abcdef')
})

test('a large piece is not copied', () => {
  const large = bytesOf(2000)
  expect(new SmallPieces().keep(large)).toBe(large)
})

test('only what was kept last can be extended', () => {
  const small = new SmallPieces()
  const first = small.keep(Buffer.from('ab'))
  small.keep(Buffer.from('cd'))
  expect(small.extend(first, Buffer.from('x'))).toBeUndefined()
  expect(small.extend(Buffer.from('ab'), Buffer.from('x'))).toBeUndefined()
})

test('a queue of 100 000 pieces of one byte gives them in few buffers', () => {
  const queue = new SendQueue()
  const all = bytesOf(100_000)
  for (let at = 0; at < all.length; at++) queue.push(all.subarray(at, at + 1))
  const pieces: Buffer[] = []
  queue.shift(all.length, { payload: (chunk) => pieces.push(chunk) })
  expect(pieces.length).toBeLessThan(60)
  expect(Buffer.concat(pieces).equals(all)).toBe(true)
})

test('whatever is pushed and taken in whatever sizes, the queue gives the same stream, and views stay as they were', () => {
  const step = fc.oneof(
    fc.record({ push: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 900, max: 9000 })) }),
    fc.record({ take: fc.integer({ min: 1, max: 5000 }) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new SendQueue()
      const taken: Buffer[] = []
      let pushed = 0
      const take = (size: number) => queue.shift(size, { payload: (chunk) => taken.push(chunk) })
      for (const one of steps) {
        if ('push' in one) {
          queue.push(bytesOf(one.push, pushed))
          pushed += one.push
        } else take(Math.min(one.take, queue.bytes))
      }
      take(queue.bytes)
      expect(Buffer.concat(taken).equals(bytesOf(pushed))).toBe(true)
    }),
  )
})
