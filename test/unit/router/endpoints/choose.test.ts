import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { chooseByClient, chooseByLoad } from '../../../../src/router/endpoints/choose.ts'
import { rendezvous } from '../../../../src/router/endpoints/rendezvous.ts'
import { candidate } from '../../../support/candidates.ts'

const a = candidate({ name: 'a' })
const b = candidate({ name: 'b' })
const ejected = candidate({ name: 'e', ejected: true })
const standby = candidate({ name: 's', standby: true })

describe('choosing by load over tiers', () => {
  test('takes the first tier that has one left', () => {
    expect(chooseByLoad([[a], [b]], [])).toBe(a)
    expect(chooseByLoad([[a], [b]], ['a'])).toBe(b)
    expect(chooseByLoad([[], [b]], [])).toBe(b)
    expect(chooseByLoad([[a], [b]], ['a', 'b'])).toBeUndefined()
  })
})

describe('choosing by client', () => {
  test('stays where the last flow went, also when a better tier has come up', () => {
    expect(chooseByClient([[a], [b]], [], 'client', 'b')).toBe(b)
  })

  test.each([
    ['is gone', 'gone', []],
    ['was tried', 'b', ['b']],
    ['is ejected', 'e', []],
    ['has become a standby', 's', []],
  ])('goes to the first tier when the last place %s', (_, last, tried) => {
    expect(chooseByClient([[a], [b, ejected, standby]], tried, 'client', last)).toBe(a)
  })

  test('takes an ejected or standby place when there is no other', () => {
    expect(chooseByClient([[ejected]], [], 'client', undefined)).toBe(ejected)
    expect(chooseByClient([[standby]], [], 'client', 's')).toBe(standby)
  })
})

describe('rendezvous hashing', () => {
  const names = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 8 })

  test('routers that see the same places in any order agree', () => {
    fc.assert(
      fc.property(names, fc.string(), (all, client) => {
        const places = all.map((name) => candidate({ name }))
        const chosen = rendezvous(places, client, [])
        expect(rendezvous([...places].reverse(), client, [])).toBe(chosen)
      }),
    )
  })

  test('a client moves only when its place goes', () => {
    fc.assert(
      fc.property(names, fc.string(), fc.nat(), (all, client, which) => {
        const places = all.map((name) => candidate({ name }))
        const gone = places[which % places.length]
        const before = rendezvous(places, client, [])
        if (before === gone) return
        expect(rendezvous(places, client, [gone?.name ?? ''])).toBe(before)
      }),
    )
  })

  test('clients are spread by weight', () => {
    const places = [candidate({ name: 'east' }), candidate({ name: 'south', weight: 3 })]
    let south = 0
    for (let client = 0; client < 10_000; client++) {
      const address = `10.1.${client >> 8}.${client & 255}`
      if (rendezvous(places, address, [])?.name === 'south') south += 1
    }
    expect(south).toBeGreaterThan(7_300)
    expect(south).toBeLessThan(7_700)
  })
})
