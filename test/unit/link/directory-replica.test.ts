import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { ServiceKey } from '../../../src/api/names.ts'
import type { Directory, OriginState } from '../../../src/api/service-record.ts'
import { type Applied, applyDelta, applyOrigin, deltaBetween } from '../../../src/link/directory-replica.ts'
import { MAX_ORIGINS, MAX_RECORDS_PER_ORIGIN } from '../../../src/link/limits.ts'
import type { DirectoryDelta } from '../../../src/link/messages.ts'
import { record, stateOf } from '../../support/network.ts'

const NAMES = ['a', 'b', 'c', 'd'] as const
const EMPTY: Directory = new Map()

function directoryOf(...states: OriginState[]): Directory {
  return new Map(states.map((state) => [state.cluster, state]))
}

function delta(from: OriginState, to: OriginState): DirectoryDelta {
  const found = deltaBetween(from, to)
  if (found === undefined) throw new Error('no delta')
  return found
}

test('an unknown cluster is taken whole', () => {
  const state = stateOf('east', 1, 1, ['a'])
  expect(applyOrigin(EMPTY, state)).toMatchObject({ kind: 'applied', state })
})

test('an older or equal state changes nothing', () => {
  const directory = directoryOf(stateOf('east', 2, 5, ['a']))
  expect(applyOrigin(directory, stateOf('east', 2, 5, ['b'])).kind).toBe('stale')
  expect(applyOrigin(directory, stateOf('east', 2, 4, ['b'])).kind).toBe('stale')
  expect(applyOrigin(directory, stateOf('east', 1, 99, ['b'])).kind).toBe('stale')
})

test('a new epoch wins over any sequence number of the old', () => {
  const directory = directoryOf(stateOf('east', 1, 99, ['a']))
  expect(applyOrigin(directory, stateOf('east', 2, 1, [])).kind).toBe('applied')
})

test('a delta applies on top of its base only', () => {
  const base = stateOf('east', 1, 1, ['a', 'b'])
  const next = stateOf('east', 1, 2, ['b', 'c'])
  const change = delta(base, next)
  expect(applyDelta(directoryOf(base), change)).toMatchObject({ kind: 'applied', state: next })
  expect(applyDelta(directoryOf(next), change).kind).toBe('stale')
  expect(applyDelta(EMPTY, change).kind).toBe('gap')
  expect(applyDelta(directoryOf(stateOf('east', 1, 0, [])), change).kind).toBe('gap')
  expect(applyDelta(directoryOf({ ...base, epoch: 0 }), change).kind).toBe('gap')
})

test('a delta holds what changed and nothing else', () => {
  const base = stateOf('east', 1, 1, ['a', 'b'])
  const records = new Map(base.records)
    .set('demo/a' as ServiceKey, record('a'))
    .set('demo/b' as ServiceKey, record('b', { sessionAffinity: 'ClientIP' }))
  expect(delta(base, { ...base, sequence: 2, records }).upserts.map(({ name }) => name)).toEqual(['b'])
})

test('a delta tells facts when they changed, and that there are none any more', () => {
  const base = { ...stateOf('east', 1, 1, ['a']), facts: { missingNamespaces: ['x'] } }
  expect(delta(base, { ...base, sequence: 2 })).not.toHaveProperty('facts')
  const bare = stateOf('east', 1, 2, ['a'])
  const change = delta(base, bare)
  expect(change.facts).toEqual({})
  expect(applyDelta(directoryOf(base), change)).toMatchObject({ kind: 'applied', state: { facts: {} } })
})

test('a change too large for one message makes no delta', () => {
  const names = Array.from({ length: 1001 }, (_, index) => `s${index}`)
  expect(deltaBetween(stateOf('east', 1, 1, []), stateOf('east', 1, 2, names))).toBeUndefined()
})

test('bounds are kept by refusing, not by forgetting', () => {
  const many = new Map(
    Array.from({ length: MAX_ORIGINS }, (_, index) => [`c${index}`, stateOf(`c${index}`, 1, 1, [])]),
  )
  expect(applyOrigin(many, stateOf('one-more', 1, 1, [])).kind).toBe('refused')
  expect(applyOrigin(many, stateOf('c0', 1, 2, [])).kind).toBe('applied')
  const names = Array.from({ length: MAX_RECORDS_PER_ORIGIN + 1 }, (_, index) => `s${index}`)
  expect(applyOrigin(EMPTY, stateOf('east', 1, 1, names)).kind).toBe('refused')
})

/** A life of one origin: the states it had, with restarts that begin a new epoch. */
const histories = fc
  .array(
    fc.record({
      names: fc.uniqueArray(fc.constantFrom(...NAMES)),
      restart: fc.boolean(),
      facts: fc.constantFrom(undefined, {}, { missingNamespaces: ['x'] }, { missingNamespaces: ['x', 'y'] }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((steps) => {
    let epoch = 1
    let sequence = 0
    return steps.map(({ names, restart, facts }) => {
      if (restart) {
        epoch += 1
        sequence = 0
      }
      sequence += 1
      const state = stateOf('east', epoch, sequence, names)
      return facts === undefined ? state : { ...state, facts }
    })
  })

type Update = { readonly whole: OriginState } | { readonly delta: DirectoryDelta }

/** Everything that could ever be sent about a history. */
function updatesOf(history: readonly OriginState[]): Update[] {
  const wholes = history.map((whole) => ({ whole }))
  const deltas = history.slice(1).flatMap((to, index) => {
    const from = history[index]
    return from?.epoch === to.epoch ? [{ delta: delta(from, to) }] : []
  })
  return [...wholes, ...deltas]
}

function apply(directory: Directory, update: Update): Directory {
  const applied: Applied =
    'whole' in update ? applyOrigin(directory, update.whole) : applyDelta(directory, update.delta)
  return applied.kind === 'applied' ? applied.directory : directory
}

const namesIn = (state: OriginState | undefined) => [
  ...[...(state?.records.keys() ?? [])].sort(),
  ...(state?.facts?.missingNamespaces ?? []),
]

test('whatever arrives in whatever order, a replica only ever holds states that the origin had, and never goes back', () => {
  fc.assert(
    fc.property(histories, fc.array(fc.nat(), { maxLength: 60 }), (history, picks) => {
      const updates = updatesOf(history)
      const valid = new Map(history.map((state) => [`${state.epoch}.${state.sequence}`, namesIn(state)]))
      let directory = EMPTY
      for (const pick of picks) {
        const before = directory.get('east')
        const update = updates[pick % updates.length]
        if (update !== undefined) directory = apply(directory, update)
        const now = directory.get('east')
        if (now === undefined) continue
        expect(namesIn(now)).toEqual(valid.get(`${now.epoch}.${now.sequence}`))
        if (before !== undefined) {
          expect(
            now.epoch > before.epoch || (now.epoch === before.epoch && now.sequence >= before.sequence),
          ).toBe(true)
        }
      }
    }),
  )
})

test('replicas that have seen different things agree once both have the newest state', () => {
  fc.assert(
    fc.property(histories, fc.array(fc.nat()), fc.array(fc.nat()), (history, left, right) => {
      const updates = updatesOf(history)
      const newest = history.at(-1)
      if (newest === undefined) return
      const replicas = [left, right].map((picks) => {
        const seen = picks.reduce((directory, pick) => {
          const update = updates[pick % updates.length]
          return update === undefined ? directory : apply(directory, update)
        }, EMPTY)
        return apply(seen, { whole: newest })
      })
      for (const replica of replicas) expect(namesIn(replica.get('east'))).toEqual(namesIn(newest))
    }),
  )
})
