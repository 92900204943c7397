/** The soak can fail: what grows is found, whatever else is flat. */
import { expect, test } from '@jest/globals'
import { judge, type Measure, type Sample, tableOf } from '../../soak/verdict.ts'

const MIB = 2 ** 20
const flat: Sample = { startedAt: 1, memory: 120 * MIB, heap: 30 * MIB, files: 40, timers: 6, resources: 30 }
const samples = (change: (sample: Sample, round: number) => Partial<Sample>) =>
  Array.from({ length: 10 }, (_, round): Sample => ({ ...flat, ...change(flat, round) }))

const growing = (found: readonly Sample[]) =>
  judge('router of east', found)
    .filter(({ flat }) => !flat)
    .map(({ measure }) => measure)

test('a process that stays as it was is flat', () => {
  expect(growing(samples(() => ({})))).toEqual([])
})

test('garbage that comes and goes is no growth', () => {
  const wave = samples((sample, round) => ({ memory: sample.memory + (round % 3) * 20 * MIB }))
  expect(growing(wave)).toEqual([])
})

test('the first round may take as much as it likes', () => {
  expect(
    growing(samples((sample, round) => (round === 0 ? { files: 5, memory: sample.memory / 3 } : {}))),
  ).toEqual([])
})

test.each<[Measure, (sample: Sample, round: number) => Partial<Sample>]>([
  ['memory', (sample, round) => ({ memory: sample.memory + round * 8 * MIB })],
  ['heap', (sample, round) => ({ heap: sample.heap + round * 5 * MIB })],
  ['files', (sample, round) => ({ files: sample.files + round * 3 })],
  ['timers', (sample, round) => ({ timers: sample.timers + round * 3 })],
  ['resources', (sample, round) => ({ resources: sample.resources + round * 4 })],
])('%s that grow with every round are found', (measure, change) => {
  expect(growing(samples(change))).toEqual([measure])
})

test('a process that was started anew in between is no proof of anything', () => {
  expect(() => growing(samples((_sample, round) => ({ startedAt: round < 5 ? 1 : 2 })))).toThrow(
    'started anew',
  )
})

test('too few samples are refused', () => {
  expect(() => judge('dns of west', samples(() => ({})).slice(0, 4))).toThrow('4 samples say nothing')
})

test('the table says what grows, in units for people', () => {
  const table = tableOf(
    judge(
      'router of east',
      samples((sample, round) => ({ files: sample.files + round * 9 })),
    ),
  )
  expect(table).toMatch(/^process +measure +first +last +bound\n/)
  expect(table).toMatch(/router of east +memory +120\.0 MiB +120\.0 MiB +162\.0 MiB +flat\n/)
  expect(table).toMatch(/router of east +files +58 +112 +69 +GROWS\n/)
})
