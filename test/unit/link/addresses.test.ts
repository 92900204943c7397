/** Names and their addresses: the order they are tried in, and that lookups do not pile up. */
import { expect, test } from '@jest/globals'
import { addressesOf, HostResolver, raceOrder } from '../../../src/link/addresses.ts'
import { MAX_ADDRESSES } from '../../../src/link/limits.ts'

const v4 = (address: string) => ({ address, family: 4 })
const v6 = (address: string) => ({ address, family: 6 })

test('families take turns, beginning with the first answer, and no address comes twice', () => {
  const found = [v6('::1'), v6('::2'), v6('::3'), v4('1.1.1.1'), v6('::2')]
  expect(raceOrder(found).map(({ address }) => address)).toEqual(['::1', '1.1.1.1', '::2', '::3'])
})

test('a name with very many addresses is tried at the first ones', () => {
  expect(raceOrder(Array.from({ length: 100 }, (_, index) => v4(`10.0.0.${index}`)))).toHaveLength(
    MAX_ADDRESSES,
  )
})

test('an address is not looked up', async () => {
  const never = () => Promise.reject(new Error('asked'))
  expect(await addressesOf(never, '2001:db8::1')).toEqual([v6('2001:db8::1')])
})

test('a name that is not there says so', async () => {
  const failing = () => Promise.reject(new Error('getaddrinfo ENOTFOUND nowhere'))
  await expect(addressesOf(failing, 'nowhere')).rejects.toThrow('nowhere cannot be resolved')
  await expect(addressesOf(async () => [], 'nowhere')).rejects.toThrow('nowhere has no address')
})

test('a name is asked for once at a time, and again afterwards', async () => {
  const answers = [Promise.withResolvers<{ address: string; family: number }[]>()]
  let asked = 0
  const resolver = new HostResolver(() => {
    asked += 1
    return answers[0]?.promise ?? Promise.resolve([])
  })
  const both = [resolver.resolve('east'), resolver.resolve('east')]
  expect(asked).toBe(1)
  answers[0]?.resolve([v4('1.1.1.1')])
  expect(await Promise.all(both)).toEqual([[v4('1.1.1.1')], [v4('1.1.1.1')]])
  await resolver.resolve('east')
  expect(asked).toBe(2)
})
