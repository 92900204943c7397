/** Which of the slots that routers tell are put into force. */
import { expect, test } from '@jest/globals'
import type { SourceTable } from '../../../src/api/global-source.ts'
import { addSlots } from '../../../src/globalnet/source-slots.ts'
import { cidr, NO_INPUT } from '../../support/nat-inputs.ts'

const slot = (first: number, last = first + 63, address = '242.9.0.1') => ({ first, last, address })
const BASE = {
  ...NO_INPUT,
  routers: { ready: [], all: ['10.0.0.5', '10.0.0.6'] },
  ranges: [cidr('242.0.0.0/8')],
}

test('the slots of routers that are there, in the very lists that were told', () => {
  const told: SourceTable = new Map([
    ['10.0.0.5', [slot(40_000), slot(32_768)]],
    ['10.0.0.6', []],
  ])
  const { input, sources, problems } = addSlots(BASE, told)
  expect(input.sources).toEqual([slot(40_000), slot(32_768)].map((each) => ({ router: '10.0.0.5', ...each })))
  expect(sources).toEqual(told)
  expect(sources.get('10.0.0.5')).toBe(told.get('10.0.0.5'))
  expect(problems).toEqual([])
})

test('the address of a router that is gone may be anybody’s, and is not said to be in force', () => {
  const { input, sources } = addSlots(BASE, new Map([['10.0.0.9', [slot(32_768)]]]))
  expect([input.sources, sources.size]).toEqual([[], 0])
})

test('a slot that would spoil the others is left out, and not said to be in force', () => {
  const told: SourceTable = new Map([
    [
      '10.0.0.5',
      [slot(32_800), slot(32_768), slot(20_000), slot(65_500), slot(40_010, 40_000), slot(40_000.5)],
    ],
    ['10.0.0.6', [slot(32_768, 32_831, '10.96.0.1'), slot(40_000, 40_063, '242.9.0.1 }')]],
  ])
  const { input, sources, problems } = addSlots(BASE, told)
  expect(input.sources).toEqual([{ router: '10.0.0.5', ...slot(32_768) }])
  expect(sources).toEqual(
    new Map([
      ['10.0.0.5', [slot(32_768)]],
      ['10.0.0.6', []],
    ]),
  )
  expect(problems).toHaveLength(7)
})
