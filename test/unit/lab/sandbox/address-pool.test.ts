/** Addresses of pods. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { AddressPool } from '../../../../src/lab/sandbox/address-pool.ts'

const RANGE = { first: '10.244.0.254', last: '10.244.1.2' }

test('addresses go from the first to the last, over the byte', () => {
  const pool = new AddressPool(RANGE)
  expect(Array.from({ length: 5 }, () => pool.take())).toEqual([
    '10.244.0.254',
    '10.244.0.255',
    '10.244.1.0',
    '10.244.1.1',
    '10.244.1.2',
  ])
  expect(() => pool.take()).toThrow('no pod address is free')
})

test('an address that was given back comes again last', () => {
  const pool = new AddressPool(RANGE)
  const first = pool.take()
  pool.release(first)
  expect(pool.take()).toBe('10.244.0.255')
})

test('no address is given to two at once, whatever is taken and given back', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 4 })), (steps) => {
      const pool = new AddressPool(RANGE)
      const held: string[] = []
      for (const step of steps) {
        if (step === 0 && held.length > 0) pool.release(held.shift() ?? '')
        else if (held.length < 5) {
          const address = pool.take()
          expect(held).not.toContain(address)
          held.push(address)
        }
      }
      expect(pool.used).toBe(held.length)
    }),
  )
})
