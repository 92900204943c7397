/** Whose turn it is to get a new authority. */
import { expect, test } from '@jest/globals'
import type { Directory } from '../../../src/api/service-record.ts'
import { RENEWAL_PAUSE_MS, RENEWAL_TURN_MS, RENEWALS_AT_ONCE } from '../../../src/trust/limits.ts'
import { RenewalDesk } from '../../../src/trust/renewal-desk.ts'

function asking(requests: Readonly<Record<string, string>>): Directory {
  return new Map(
    Object.entries(requests).map(([cluster, csr]) => [
      cluster,
      { cluster, epoch: 1, sequence: 1, records: new Map(), facts: { renewal: { csr } } },
    ]),
  )
}

const many = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`c${index}`, `r${index}`]))

test('a request is answered once, and the answer is told until nobody asks', () => {
  const desk = new RenewalDesk('east')
  const directory = asking({ west: 'one', east: 'own' })
  const [request, ...more] = desk.due(directory, 0)
  expect([request, more]).toEqual([{ cluster: 'west', csr: 'one' }, []])
  desk.answered({ cluster: 'west', csr: 'one' }, 'signed', 0)
  expect(desk.due(directory, 1)).toEqual([])
  expect(desk.told).toEqual([{ cluster: 'west', certificate: 'signed' }])
  expect(desk.due(asking({}), 2)).toEqual([])
  expect(desk.told).toEqual([])
})

test('one that was refused is not looked at again, nor told', () => {
  const desk = new RenewalDesk('east')
  desk.answered({ cluster: 'west', csr: 'bad' }, undefined, 0)
  expect(desk.due(asking({ west: 'bad' }), 60_000)).toEqual([])
  expect(desk.told).toEqual([])
})

test('a member that asks anew all the time gets one in a while', () => {
  const desk = new RenewalDesk('east')
  desk.due(asking({ west: 'one' }), 0)
  desk.answered({ cluster: 'west', csr: 'one' }, 'signed', 0)
  expect(desk.due(asking({ west: 'two' }), RENEWAL_PAUSE_MS - 1)).toEqual([])
  expect(desk.due(asking({ west: 'two' }), RENEWAL_PAUSE_MS)).toHaveLength(1)
})

test('few are told at once, and whoever does not take its answer makes room for those who wait', () => {
  const desk = new RenewalDesk('east')
  const served = new Set<string>()
  for (let now = 0; served.size < 12; now += RENEWAL_TURN_MS) {
    const due = desk.due(asking(many), now)
    expect(due.length).toBeLessThanOrEqual(RENEWALS_AT_ONCE)
    expect(due.length).toBeGreaterThan(0)
    for (const request of due) {
      served.add(request.cluster)
      desk.answered(request, 'signed', now)
    }
    expect(desk.told.length).toBeLessThanOrEqual(RENEWALS_AT_ONCE)
    expect(now).toBeLessThan(5 * RENEWAL_TURN_MS)
  }
})
