/** When the founder says something new, and for how long a revocation is told. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { TrustStatement } from '../../../src/pki/trust-statement.ts'
import { nextStatement, pruneRevocations } from '../../../src/trust/statement-maker.ts'

const wanted = { clusterset: 'shop', roots: ['one'], revoked: [{ cluster: 'west', at: 5 }] }

describe('a statement', () => {
  test('has version 1 first, and the next one only when it says something else', () => {
    const first = nextStatement(undefined, wanted)
    expect(first).toEqual({ ...wanted, version: 1 })
    expect(nextStatement(first, wanted)).toBeUndefined()
    expect(nextStatement(first, { ...wanted, roots: ['two', 'one'] })).toMatchObject({ version: 2 })
  })

  test('whatever changes, versions grow by one and never without need', () => {
    const root = fc.constantFrom('one', 'two', 'three')
    const say = fc.record({
      roots: fc.uniqueArray(root, { minLength: 1 }),
      revoked: fc.uniqueArray(
        fc.record({ cluster: fc.constantFrom('a', 'b'), at: fc.integer({ min: 0, max: 9 }) }),
        { selector: ({ cluster }) => cluster },
      ),
    })
    fc.assert(
      fc.property(fc.array(say), (all) => {
        let present: TrustStatement | undefined
        for (const each of all) {
          const next = nextStatement(present, { clusterset: 'shop', ...each })
          const { version = 0, ...said } = present ?? {}
          if (next === undefined) expect(said).toEqual({ clusterset: 'shop', ...each })
          else expect(next).toEqual({ clusterset: 'shop', ...each, version: version + 1 })
          present = next ?? present
        }
      }),
    )
  })
})

describe('a revocation', () => {
  test('is told until no authority from before can be valid, and not one moment less', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), (at, longestLife, now) => {
        const kept = pruneRevocations([{ cluster: 'west', at }], { longestLife, now }).length === 1
        // The last authority that it is about began at `at`.
        expect(kept).toBe(now <= at + longestLife)
      }),
    )
  })
})
