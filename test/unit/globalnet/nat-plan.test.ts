/** A node's table as text, kept as files beside this one. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { GlobalKind, planNat, sourcesOf } from '../../../src/globalnet/nat-plan.ts'
import { tableText } from '../../../src/globalnet/nat-text.ts'
import { anyInput, cidr, EXAMPLE, global, NO_INPUT } from '../../support/nat-inputs.ts'

const elements = (name: string, input = EXAMPLE) => [...(planNat(input).sets.get(name)?.elements ?? [])]
const rules = (name: string, input = EXAMPLE) => planNat(input).chains.get(name)?.rules

test('a bit of everything', () => {
  expect(tableText(planNat(EXAMPLE))).toMatchSnapshot()
})

test('a cluster without anything has a table that changes nothing', () => {
  expect(tableText(planNat(NO_INPUT))).toMatchSnapshot()
})

test('the order of the input makes no difference', () => {
  const shuffled = (list: readonly unknown[]) => fc.shuffledSubarray([...list], { minLength: list.length })
  const inputs = anyInput.chain((input) =>
    fc.tuple(
      fc.constant({ ...input, globals: [] }),
      shuffled(input.routers.ready),
      shuffled(input.localPods),
      shuffled(input.sources),
      shuffled(input.ranges),
    ),
  )
  fc.assert(
    fc.property(inputs, ([input, ready, localPods, sources, ranges]) => {
      const other = { ...input, routers: { ...input.routers, ready }, localPods, sources, ranges }
      expect(tableText(planNat(other as typeof input))).toBe(tableText(planNat(input)))
    }),
  )
})

test('routers that are not ready get no new connections, unless none is ready', () => {
  const none = { ...EXAMPLE, routers: { ready: [], all: ['10.0.0.5'] } }
  expect(rules('translate')?.at(-1)).toContain('mod 2 map { 0 : 10.0.0.5, 1 : 10.0.0.6 }')
  expect(rules('translate', none)?.at(-1)).toContain('mod 1 map { 0 : 10.0.0.5 }')
})

test('routers that come and go change one rule, whatever the number of imports', () => {
  const other = planNat({ ...EXAMPLE, routers: { ...EXAMPLE.routers, ready: ['10.0.0.6'] } })
  const before = planNat(EXAMPLE)
  const changed = [...other.chains].filter(
    ([name, { rules }]) => before.chains.get(name)?.rules.join() !== rules.join(),
  )
  expect(changed.map(([name]) => name)).toEqual(['translate'])
  expect(other.sets).toEqual(before.sets)
})

test('a port without targets has no element, so that it is refused', () => {
  const input = { ...EXAMPLE, globals: [global('tcp 242.1.0.1 80', GlobalKind.routed)] }
  expect([elements('ports', input), elements('endpoints', input), elements('services', input)]).toEqual([
    [],
    [],
    [],
  ])
})

test('routers at several ports are targets like any others', () => {
  const input = {
    ...EXAMPLE,
    globals: [global('tcp 242.1.0.1 80', GlobalKind.routed, '10.0.0.5:20001', '10.0.0.6:20002')],
  }
  expect(elements('services', input)).toEqual([['tcp . 242.1.0.1 . 80', 'goto to-tcp-242.1.0.1-80']])
})

test('of ranges that overlap the outer one is enough', () => {
  const input = { ...EXAMPLE, ranges: ['242.1.0.0/16', '242.0.0.0/8', '241.0.0.1/32'].map(cidr) }
  expect(elements('ranges', input).map(([key]) => key)).toEqual(['241.0.0.1', '242.0.0.0/8'])
})

test('without a range no connection of a router is held up', () => {
  expect(elements('routers', { ...EXAMPLE, ranges: [] })).toEqual([])
})

test('the slots can be read back', () => {
  const single = { router: '10.0.0.7', first: 40_000, last: 40_000, address: '242.3.0.1' }
  const input = { ...EXAMPLE, sources: [...EXAMPLE.sources, single] }
  expect(sourcesOf(planNat(input))).toEqual(input.sources)
})
