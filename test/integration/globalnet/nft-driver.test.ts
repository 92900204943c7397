/** Our table in a real kernel: what is written is read back, from any state to any other. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { silentLogger } from '../../../src/core/log.ts'
import { diffNat } from '../../../src/globalnet/nat-diff.ts'
import { type NatInput, planNat } from '../../../src/globalnet/nat-plan.ts'
import type { NatTable } from '../../../src/globalnet/nat-table.ts'
import { NftDriver } from '../../../src/globalnet/nft-driver.ts'
import { staleFlows } from '../../../src/globalnet/stale-flows.ts'
import { describeUnless } from '../../support/missing.ts'
import { anyInput, EXAMPLE } from '../../support/nat-inputs.ts'
import { NatWorld, noNatWorld } from '../../support/nat-world.ts'

describeUnless(noNatWorld(), 'nftables', () => {
  let world: NatWorld
  let driver: NftDriver
  beforeAll(async () => {
    world = await NatWorld.create({})
  })
  afterAll(() => world?.stop())
  beforeEach(async () => {
    driver = new NftDriver({ log: silentLogger, run: world.run })
    await driver.remove()
  })

  const become = async (table: NatTable) => {
    const changes = diffNat(await driver.read(), table)
    if (changes.length > 0) await driver.apply(changes)
    return changes
  }
  const put = (input: NatInput) => become(planNat(input))

  test('there is no table at first, and removing it once more is no error', async () => {
    expect(await driver.read()).toBeUndefined()
    await driver.remove()
  })

  test('what was written is read back as it was planned', async () => {
    await put(EXAMPLE)
    expect(await driver.read()).toEqual(planNat(EXAMPLE))
  })

  test('from any table to any other', async () => {
    await fc.assert(
      fc.asyncProperty(anyInput, async (input) => {
        await put(input)
        expect(await driver.read()).toEqual(planNat(input))
      }),
      { numRuns: 40 },
    )
  })

  test('another driver takes the elements over and writes the rules again', async () => {
    await put(EXAMPLE)
    driver = new NftDriver({ log: silentLogger, run: world.run })
    const changes = await put(EXAMPLE)
    expect(new Set(changes.map(({ kind }) => kind))).toEqual(new Set(['rewrite-chain']))
    expect(await driver.read()).toEqual(planNat(EXAMPLE))
  })

  test.each([
    'add rule ip fairlead forward drop',
    'insert rule ip fairlead translate counter accept',
    'add chain ip fairlead mine',
    'add chain ip fairlead mine { type filter hook forward priority 7; policy drop; }',
    'add chain ip fairlead mine; add rule ip fairlead sent jump mine',
    'add set ip fairlead mine { type ipv4_addr; }',
    'add counter ip fairlead mine',
    'flush chain ip fairlead input',
    'add element ip fairlead pods { 10.9.9.9 }',
    'delete element ip fairlead pods { 10.0.1.7 }',
    'delete element ip fairlead sources { 10.0.0.5 . 32768-32831 }',
    'add element ip fairlead sources { 10.0.0.5 . 40000 : 242.1.0.9 }',
    'add element ip fairlead pods { 10.9.9.9 comment "mine" }',
    'delete element ip fairlead ports { tcp . 242.1.0.1 . 80 }; add element ip fairlead ports { tcp . 242.1.0.1 . 80 : 9 }',
    'delete table ip fairlead',
    'add table ip fairlead { flags dormant; }',
    'delete table ip fairlead; add table ip fairlead; add map ip fairlead ports { type ipv4_addr : ipv4_addr; }',
  ])('somebody who says "%s" is noticed and put right', async (text) => {
    await put(EXAMPLE)
    await world.nft(text.replaceAll('; add', '\nadd').replaceAll('; delete', '\ndelete'))
    expect((await put(EXAMPLE)).length).toBeGreaterThan(0)
    expect(await driver.read()).toEqual(planNat(EXAMPLE))
  })

  test('NET_ADMIN is enough, and needed', async () => {
    driver = new NftDriver({ log: silentLogger, run: world.restricted('net_admin') })
    await put(EXAMPLE)
    expect(await driver.read()).toEqual(planNat(EXAMPLE))
    await driver.forget(staleFlows(undefined, planNat(EXAMPLE)))
    driver = new NftDriver({ log: silentLogger, run: world.restricted() })
    await expect(driver.read()).rejects.toMatchObject({ code: 'no-net-admin' })
  })

  test('a transaction that nft refuses changes nothing', async () => {
    await put(EXAMPLE)
    const wrong = { kind: 'delete-elements', set: 'pods', elements: [['10.7.7.7', '']] } as const
    const right = { kind: 'add-elements', set: 'pods', elements: [['10.7.7.8', '']] } as const
    await expect(driver.apply([right, wrong])).rejects.toThrow('nft was refused')
    expect(await driver.read()).toEqual(planNat(EXAMPLE))
  })

  test('tables of others are not touched, and nothing stays when ours is removed', async () => {
    await world.nft(
      'table ip theirs { chain c { type nat hook prerouting priority dstnat; ip daddr 242.0.0.1 drop\n }\n }\ntable inet fairlead { }',
    )
    const before = await world.ruleset()
    await put(EXAMPLE)
    expect(await world.ruleset()).toContain(before.trim().split('\n')[0] ?? '')
    await driver.remove()
    expect(await world.ruleset()).toBe(before)
  })
})
