import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { MAX_SOURCE_SLOTS } from '../../../src/api/limits.ts'
import { SOURCE_PORTS, SOURCE_SLOT_PORTS } from '../../../src/api/names.ts'
import { Snapshot } from '../../../src/core/snapshot.ts'
import { MessageCodec } from '../../../src/link/message-codec.ts'
import type { Sources } from '../../../src/link/messages.ts'
import {
  type AnnouncedSources,
  NO_SOURCES,
  SourcesAssembly,
  SourcesReport,
} from '../../../src/link/sources.ts'

const codec = new MessageCodec()
const first = (index: number) => SOURCE_PORTS.first + index * SOURCE_SLOT_PORTS

/** A report whose messages are taken one by one. */
function reporting(sources: Snapshot<AnnouncedSources>) {
  const sent: { readonly message: Sources; readonly accept: () => void }[] = []
  const report = new SourcesReport(
    { send: (message, onAccepted = () => {}) => void sent.push({ message, accept: onAccepted }) },
    sources,
  )
  return { sent, report }
}

test('all slots are told at once, also when there are none, and then what changes', () => {
  const sources = new Snapshot<AnnouncedSources>(NO_SOURCES)
  const { sent, report } = reporting(sources)
  report.start()
  sent[0]?.accept()
  sources.set({ version: 1, slots: new Map([[first(0), '242.0.0.1']]) })
  sent[1]?.accept()
  sources.set({ version: 2, slots: new Map([[first(1), '242.0.0.2']]) })
  report.stop()
  sources.set({ version: 3, slots: new Map() })
  expect(sent.map(({ message }) => message)).toEqual([
    { type: 'sources', version: 0, upserts: [], removes: [] },
    { type: 'sources', version: 1, upserts: [[first(0), first(0) + 63, '242.0.0.1']], removes: [] },
    { type: 'sources', version: 2, upserts: [[first(1), first(1) + 63, '242.0.0.2']], removes: [first(0)] },
  ])
})

test('a slow agent is told several changes in one', () => {
  const sources = new Snapshot<AnnouncedSources>(NO_SOURCES)
  const { sent, report } = reporting(sources)
  report.start()
  for (let version = 1; version <= 5; version++)
    sources.set({ version, slots: new Map([[first(version), '242.0.0.1']]) })
  expect(sent).toHaveLength(1)
  sent[0]?.accept()
  expect(sent[1]?.message).toEqual({
    type: 'sources',
    version: 5,
    upserts: [[first(5), first(5) + 63, '242.0.0.1']],
    removes: [],
  })
})

test('whatever changes, the agent has what the router has, in messages that peers take', () => {
  const slots = fc.array(fc.tuple(fc.nat(MAX_SOURCE_SLOTS - 1), fc.ipV4()), { maxLength: MAX_SOURCE_SLOTS })
  fc.assert(
    fc.property(fc.array(fc.tuple(slots, fc.boolean()), { maxLength: 8 }), (states) => {
      const sources = new Snapshot<AnnouncedSources>(NO_SOURCES)
      const { sent, report } = reporting(sources)
      const assembly = new SourcesAssembly()
      let has: unknown = []
      let at = 0
      const deliver = () => {
        for (; at < sent.length; at++) {
          const { message, accept } = sent[at] as (typeof sent)[number]
          has = assembly.add(codec.decode(codec.encode(message)) as Sources)
          accept()
        }
      }
      report.start()
      for (const [index, [list, isTaken]] of states.entries()) {
        sources.set({
          version: index + 1,
          slots: new Map(list.map(([slot, address]) => [first(slot), address])),
        })
        if (isTaken) deliver()
      }
      deliver()
      const wanted = [...sources.current().slots].sort(([a], [b]) => a - b)
      expect(has).toEqual(wanted.map(([port, address]) => ({ first: port, last: port + 63, address })))
    }),
    { numRuns: 100 },
  )
})

test('as many slots as there can be fit one message', () => {
  const slots = new Map(
    Array.from({ length: MAX_SOURCE_SLOTS }, (_, index) => [first(index), '242.255.255.255']),
  )
  const { sent, report } = reporting(new Snapshot<AnnouncedSources>({ version: 2 ** 50, slots }))
  report.start()
  expect(codec.decode(codec.encode(sent[0]?.message as Sources))).toEqual(sent[0]?.message)
})

describe('a router that breaks the rules is found out:', () => {
  const message = (changes: Partial<Sources>): Sources => ({
    type: 'sources',
    version: 1,
    upserts: [],
    removes: [],
    ...changes,
  })

  test.each<[string, Partial<Sources>]>([
    ['a slot between two', { upserts: [[first(0) + 1, first(0) + 64, '242.0.0.1']] }],
    ['a slot that is too long', { upserts: [[first(0), first(1) + 63, '242.0.0.1']] }],
    ['a slot that is too short', { upserts: [[first(0), first(0), '242.0.0.1']] }],
    ['a slot that ends before it begins', { upserts: [[first(1), first(0), '242.0.0.1']] }],
  ])('%s', (_what, changes) => {
    expect(() => new SourcesAssembly().add(message(changes))).toThrow(
      expect.objectContaining({ code: 'violation' }),
    )
  })

  test('a version that was there before', () => {
    const assembly = new SourcesAssembly()
    assembly.add(message({}))
    expect(() => assembly.add(message({}))).toThrow(expect.objectContaining({ code: 'violation' }))
  })
})
