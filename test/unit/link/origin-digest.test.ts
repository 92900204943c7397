/** What is signed is the same however a state was reached, and another one for any change. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { ServiceKey } from '../../../src/api/names.ts'
import type { ClusterFacts, OriginState, ServiceRecord } from '../../../src/api/service-record.ts'
import { applyDelta, deltaBetween } from '../../../src/link/directory-replica.ts'
import { MessageCodec, originParts } from '../../../src/link/message-codec.ts'
import type { DirectoryDelta, DirectoryOrigin } from '../../../src/link/messages.ts'
import { OriginAssembly } from '../../../src/link/origin-assembly.ts'
import { OriginDigest } from '../../../src/link/origin-digest.ts'
import { record } from '../../support/network.ts'

const codec = new MessageCodec()

/** Made anew each time: what is remembered of one process helps no other. */
function digestOf(state: OriginState, clusterset = 'set'): string {
  return new OriginDigest().of(clusterset, state).toString()
}

const annotated = fc
  .record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    text: fc.string({ unit: 'binary', maxLength: 20 }),
  })
  .map(({ name, text }) => record(name, { exportedAnnotations: { note: text, other: 'same' } }))
const records = fc
  .uniqueArray(annotated, { selector: ({ name }) => name })
  .map((list) => new Map(list.map((each) => [`demo/${each.name}` as ServiceKey, each])))
const facts: fc.Arbitrary<ClusterFacts | undefined> = fc.constantFrom(
  undefined,
  {},
  { missingNamespaces: ['x'] },
  { properties: { region: 'north' }, globalnet: { block: '242.7.0.0/16', claimedAt: 5 } },
)
const state = (sequence: number): fc.Arbitrary<OriginState> =>
  fc.record({ records, facts }).map(({ records: all, facts: told }) => ({
    cluster: 'east',
    epoch: 7,
    sequence,
    records: all,
    ...(told === undefined ? {} : { facts: told }),
  }))

/** As another process has it that was told the whole. */
function arrived(told: OriginState): OriginState {
  const assembly = new OriginAssembly()
  let whole: OriginState | undefined
  for (const part of originParts(told))
    whole = assembly.add(codec.decode(codec.encode(part)) as DirectoryOrigin)
  if (whole === undefined) throw new Error('not all parts')
  return whole
}

/** As it has it that was told the state before, and what changed. */
function changedTo(before: OriginState, after: OriginState): OriginState {
  const delta = deltaBetween(before, after)
  if (delta === undefined) throw new Error('too much')
  const told = codec.decode(codec.encode(delta)) as DirectoryDelta
  const applied = applyDelta(new Map([['east', arrived(before)]]), told)
  if (applied.kind !== 'applied') throw new Error(applied.kind)
  return applied.state
}

test('it is the same for who was told the whole and for who was told the changes', () => {
  fc.assert(
    fc.property(state(1), state(2), (before, after) => {
      expect(digestOf(arrived(after))).toBe(digestOf(after))
      expect(digestOf(changedTo(before, after))).toBe(digestOf(after))
    }),
  )
})

test('the order of records and of their properties makes no difference', () => {
  fc.assert(
    fc.property(state(1), (told) => {
      const backwards = [...told.records].reverse().map(([key, each]): [ServiceKey, ServiceRecord] => {
        return [key, Object.fromEntries(Object.entries(each).reverse()) as unknown as ServiceRecord]
      })
      expect(digestOf({ ...told, records: new Map(backwards) })).toBe(digestOf(told))
    }),
  )
})

test('two states that differ in any record or fact have different ones', () => {
  fc.assert(
    fc.property(state(1), state(1), (one, other) => {
      const same = (left: unknown, right: unknown) => JSON.stringify(left) === JSON.stringify(right)
      const sorted = ({ records: all }: OriginState) => [...all].sort(([a], [b]) => (a < b ? -1 : 1))
      const isSame = same(sorted(one), sorted(other)) && same(one.facts ?? {}, other.facts ?? {})
      expect(digestOf(one) === digestOf(other)).toBe(isSame)
    }),
  )
})

test.each<[string, Partial<OriginState>]>([
  ['another cluster', { cluster: 'west' }],
  ['another epoch', { epoch: 2 }],
  ['another sequence', { sequence: 2 }],
  [
    'a record more',
    {
      records: new Map([
        ['demo/a', record('a')],
        ['demo/b', record('b')],
      ]),
    },
  ],
  ['no record', { records: new Map() }],
  ['a record under another key', { records: new Map([['demo/b', record('a')]]) }],
  ['another port', { records: new Map([['demo/a', record('a', { ports: [] })]]) }],
  ['facts', { facts: { missingNamespaces: ['demo'] } }],
])('it is another one with %s', (_what, change) => {
  const told: OriginState = {
    cluster: 'east',
    epoch: 1,
    sequence: 1,
    records: new Map([['demo/a', record('a')]]),
  }
  expect(digestOf({ ...told, ...change })).not.toBe(digestOf(told))
  expect(digestOf(told, 'other')).not.toBe(digestOf(told))
})

test('no facts and empty facts are the same', () => {
  const told: OriginState = { cluster: 'east', epoch: 1, sequence: 1, records: new Map() }
  expect(digestOf({ ...told, facts: {} })).toBe(digestOf(told))
})

test('what a later version adds to records and facts is kept, by who does not know it and by all behind it', () => {
  const later = {
    ...record('a'),
    ports: [{ ...record('a').ports[0], secure: true }],
    weights: [{ of: 'east', parts: [1, 2] }],
    clusterSelectors: [{ matchLabels: { a: 'b' }, rank: 3 }],
  } as unknown as ServiceRecord
  const told = {
    cluster: 'east',
    epoch: 1,
    sequence: 1,
    records: new Map([['demo/a' as ServiceKey, later]]),
    facts: { mood: { now: 'good' }, globalnet: { block: '242.7.0.0/16', claimedAt: 5, ends: 9 } },
  } as OriginState
  const relayed = arrived(arrived(told))
  expect(relayed.records.get('demo/a' as ServiceKey)).toEqual(later)
  expect(digestOf(relayed)).toBe(digestOf(told))
})

test('each record is hashed once for as long as it is held', () => {
  const digest = new OriginDigest()
  let reads = 0
  const watched = new Proxy(record('a'), {
    ownKeys(target) {
      reads += 1
      return Reflect.ownKeys(target)
    },
  })
  const told = (sequence: number): OriginState => ({
    cluster: 'east',
    epoch: 1,
    sequence,
    records: new Map([['demo/a' as ServiceKey, watched]]),
  })
  digest.of('set', told(1))
  const once = reads
  digest.of('set', told(2))
  expect([once > 0, reads]).toEqual([true, once])
})
