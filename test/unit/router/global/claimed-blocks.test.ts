import { expect, test } from '@jest/globals'
import type { Directory } from '../../../../src/api/service-record.ts'
import { Snapshot } from '../../../../src/core/snapshot.ts'
import { claimedBlocks } from '../../../../src/router/global/claimed-blocks.ts'
import { stateOf } from '../../../support/network.ts'

const claiming = (block: string): Directory =>
  new Map([
    ['west', { ...stateOf('west', 1, 1, []), facts: { globalnet: { block, claimedAt: 1 } } }],
    ['north', stateOf('north', 1, 1, [])],
  ])

test.each([
  ['242.7.0.0', '242.7.0.0/16', true],
  ['242.7.255.255', '242.7.0.0/16', true],
  ['242.8.0.0', '242.7.0.0/16', false],
  ['242.6.255.255', '242.7.0.0/16', false],
  ['242.7.0.1', '242.7.0.1/16', false],
  ['242.7.0.1', 'everything', false],
  ['fd00::1', '242.7.0.0/16', false],
  ['', '242.7.0.0/16', false],
])('%j in the block %s of its cluster: %p', (address, block, isOwn) => {
  expect(claimedBlocks(new Snapshot(claiming(block)))('west', address)).toBe(isOwn)
})

test('a cluster without a block, or unknown, has no addresses', () => {
  const owns = claimedBlocks(new Snapshot(claiming('242.7.0.0/16')))
  expect([owns('north', '242.7.0.1'), owns('south', '242.7.0.1')]).toEqual([false, false])
})

test('the last word of a cluster counts', () => {
  const directory = new Snapshot(claiming('242.7.0.0/16'))
  const owns = claimedBlocks(directory)
  directory.set(claiming('242.9.0.0/16'))
  expect([owns('west', '242.7.0.1'), owns('west', '242.9.0.1')]).toEqual([false, true])
})
