/** The least that makes one table another, tried on a model of nftables. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { diffNat } from '../../../src/globalnet/nat-diff.ts'
import { GlobalKind, type NatInput, planNat } from '../../../src/globalnet/nat-plan.ts'
import type { NatTable } from '../../../src/globalnet/nat-table.ts'
import { transactionText } from '../../../src/globalnet/nat-text.ts'
import { anyInput, EXAMPLE, global } from '../../support/nat-inputs.ts'
import { applyChanges } from '../../support/nat-model.ts'

const change = (after: NatInput, before = EXAMPLE) =>
  transactionText(diffNat(planNat(before), planNat(after)))
    .trim()
    .split('\n')

/** What somebody may have made of a table: everything that a listing can tell. */
const anyState: fc.Arbitrary<NatTable | undefined> = fc
  .tuple(
    anyInput,
    fc.constantFrom('none', 'whole', 'element', 'value', 'rule', 'chain', 'hook', 'set', 'lost'),
  )
  .map(([input, damage]) => {
    const table = planNat(input)
    const sets = new Map(table.sets)
    const chains = new Map(table.chains)
    const pods = sets.get('pods') ?? { kind: 'set', header: '', elements: new Map() }
    const ports = sets.get('ports') ?? pods
    const foreign = { header: '', rules: ['{"expr":[{"drop":null}]}'] }
    if (damage === 'none') return undefined
    if (damage === 'element')
      sets.set('pods', { ...pods, elements: new Map([...pods.elements, ['10.9.9.9', '']]) })
    if (damage === 'value')
      sets.set('ports', { ...ports, elements: new Map([['tcp . 242.1.0.1 . 80', '9']]) })
    if (damage === 'rule') chains.set('refuse', foreign)
    if (damage === 'chain') chains.set('foreign', foreign)
    if (damage === 'hook')
      chains.set('input', { ...foreign, header: 'type filter hook input priority 0; policy drop;' })
    if (damage === 'set') sets.set('foreign', pods)
    if (damage === 'lost') sets.delete('sources')
    return { sets, chains }
  })

test('from any state to any plan, in steps that nft takes', () => {
  fc.assert(
    fc.property(anyState, anyInput, (state, input) => {
      const plan = planNat(input)
      const changes = diffNat(state, plan)
      const after = changes.length === 0 ? state : applyChanges(state, changes)
      expect(diffNat(after, plan)).toEqual([])
      expect(after?.sets).toEqual(plan.sets)
      expect(after?.chains).toEqual(plan.chains)
    }),
    { numRuns: 1000 },
  )
})

test('a plan that is in force needs nothing', () => {
  fc.assert(fc.property(anyInput, (input) => expect(diffNat(planNat(input), planNat(input))).toEqual([])))
})

test('no element is touched that stays as it is', () => {
  fc.assert(
    fc.property(anyInput, anyInput, (before, after) => {
      const [left, right] = [planNat(before), planNat(after)]
      for (const step of diffNat(left, right)) {
        expect(step.kind).not.toBe('rebuild')
        if (!('set' in step)) continue
        for (const [key, value] of step.elements) {
          const other = step.kind === 'add-elements' ? left : right
          expect(other.sets.get(step.set)?.elements.get(key)).not.toBe(value)
        }
      }
    }),
  )
})

test('a port that an import gets or loses is one element', () => {
  const fewer = { ...EXAMPLE, globals: EXAMPLE.globals.slice(1) }
  expect(change(fewer)).toEqual(['delete element ip fairlead ports { tcp . 242.1.0.1 . 80 }'])
  expect(change(EXAMPLE, fewer)).toEqual(['add element ip fairlead ports { tcp . 242.1.0.1 . 80 : 20001 }'])
})

test('a slot is one element', () => {
  const fewer = { ...EXAMPLE, sources: EXAMPLE.sources.slice(1) }
  expect(change(fewer)).toEqual(['delete element ip fairlead sources { 10.0.0.5 . 32768-32831 }'])
  expect(change(EXAMPLE, fewer)).toEqual([
    'add element ip fairlead sources { 10.0.0.5 . 32768-32831 : 242.1.0.9 }',
  ])
})

test('routers that are ready and were not rewrite one rule', () => {
  const lines = change({ ...EXAMPLE, routers: { ...EXAMPLE.routers, ready: ['10.0.0.5'] } })
  expect(lines[0]).toBe('flush chain ip fairlead translate')
  expect(lines.filter((line) => !line.includes('translate'))).toEqual([])
})

test('an endpoint more among several rewrites their chain alone', () => {
  const more = global('tcp 242.1.0.3 80', GlobalKind.direct, '10.0.2.8:8080', '10.0.2.9:8081')
  const lines = change({ ...EXAMPLE, globals: [...EXAMPLE.globals.slice(0, 3), more] })
  expect(lines).toMatchSnapshot()
})

test('from several endpoints to one, and back', () => {
  const one = global('tcp 242.1.0.3 80', GlobalKind.direct, '10.0.2.8:8080')
  const fewer = { ...EXAMPLE, globals: [...EXAMPLE.globals.slice(0, 3), one] }
  expect(change(fewer)).toMatchSnapshot()
  expect(change(EXAMPLE, fewer)).toMatchSnapshot()
})
