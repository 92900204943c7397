import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type EndableFlow, FlowRegistry } from '../../../src/router/flow-registry.ts'

const flow = (): EndableFlow => ({ kill() {} })

/** How many `owner` gets of as many as there are places. */
function fill(registry: FlowRegistry, owner: string, most: number): number {
  let count = 0
  while (count < most && registry.admits(owner, 4)) {
    registry.add(flow(), owner)
    count += 1
  }
  return count
}

describe('who opens without end', () => {
  test('gets four of five places', () => {
    expect(fill(new FlowRegistry(100), 'greedy', 1000)).toBe(80)
  })

  test('leaves the same share of the rest to the next, and that to the one after', () => {
    const registry = new FlowRegistry(100)
    expect(['a', 'b', 'c', 'd'].map((owner) => fill(registry, owner, 1000))).toEqual([80, 16, 4, 0])
    expect(registry.full).toBe(true)
  })

  test('gets all of a table of two', () => {
    expect(fill(new FlowRegistry(2), 'only', 1000)).toBe(2)
  })
})

test('places that are given back count no more, and owners without flows are forgotten', () => {
  const registry = new FlowRegistry(10)
  const flows = Array.from({ length: 8 }, flow)
  for (const one of flows) registry.add(one, 'a')
  expect(registry.admits('a', 4)).toBe(false)
  for (const one of flows) registry.delete(one)
  for (const one of flows) registry.delete(one)
  expect([registry.size, registry.owners, registry.admits('a', 4)]).toEqual([0, 0, true])
})

test('whatever comes and goes, an owner has what it has, and one that has nothing gets a place while there is one', () => {
  const step = fc.record({ owner: fc.constantFrom('a', 'b', 'c'), opens: fc.boolean() })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.array(step, { maxLength: 200 }), (max, steps) => {
      const registry = new FlowRegistry(max)
      const held = new Map<string, EndableFlow[]>([
        ['a', []],
        ['b', []],
        ['c', []],
      ])
      for (const { owner, opens } of steps) {
        const mine = held.get(owner) ?? []
        if (opens && registry.admits(owner, 4)) registry.add(mine[mine.push(flow()) - 1] ?? flow(), owner)
        else if (!opens && mine.length > 0) registry.delete(mine.pop() ?? flow())
        expect(registry.size).toBe([...held.values()].reduce((sum, { length }) => sum + length, 0))
        expect(registry.size).toBeLessThanOrEqual(max)
        expect(registry.admits('new', 4)).toBe(!registry.full)
      }
    }),
  )
})
