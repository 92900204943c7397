import { expect, test } from '@jest/globals'
import { parseOptions } from '../../../bench/data-path/options.ts'
import { linesOf } from '../../../bench/data-path/report.ts'
import { alignedText, markdown, tableOf } from '../../../bench/data-path/table.ts'

const measures = [
  { key: 'rate', label: 'rate, 1/s', target: { than: 'nginx', atLeast: 1.1 } },
  { key: 'time', label: 'time, us', target: { atMost: 12 } },
  { key: 'other', label: 'never measured' },
]
const samples = new Map([
  ['nginx', [{ rate: 100 }, { rate: 300 }, { rate: 200 }]],
  [
    'fairlead',
    [
      { rate: 230, time: 13 },
      { rate: 210, time: 10 },
      { rate: 220, time: 11 },
    ],
  ],
])

test('a line has the median, the extremes, and the ratio of medians', () => {
  const [rate] = linesOf(measures, samples)
  expect(rate?.values).toEqual({
    nginx: { low: 100, median: 200, high: 300 },
    fairlead: { low: 210, median: 220, high: 230 },
  })
  expect(rate?.ratios).toEqual({ nginx: 1.1 })
})

test('a target is met at its very bound, beside a competitor or by itself', () => {
  expect(linesOf(measures, samples).map(({ met }) => met)).toEqual([true, true])
  const slower = new Map([...samples, ['fairlead', [{ rate: 219, time: 12.1 }]]])
  expect(linesOf(measures, slower).map(({ met }) => met)).toEqual([false, false])
})

test('a target whose competitor is missing is neither met nor missed', () => {
  const alone = new Map([['fairlead', samples.get('fairlead') ?? []]])
  expect(linesOf(measures, alone).map(({ met }) => met)).toEqual([undefined, true])
})

test('what no system was measured for has no line', () => {
  expect(linesOf(measures, samples).map(({ key }) => key)).toEqual(['rate', 'time'])
})

test('the table names systems, ratios and targets', () => {
  const rows = tableOf(linesOf(measures, samples))
  expect(rows).toEqual([
    ['measure', 'nginx', 'fairlead', '/ nginx', 'target', ''],
    ['rate, 1/s', '200 (100-300)', '220 (210-230)', '1.1', '>= 1.1 x nginx', 'met'],
    ['time, us', '', '11 (10-13)', '', '<= 12', 'met'],
  ])
  expect(alignedText(rows).split('\n')[2]).toBe(
    'time, us                  11 (10-13)              <= 12           met',
  )
  expect(markdown(rows).split('\n')[1]).toBe('|---|---|---|---|---|---|')
})

test('options have defaults, and unknown or senseless ones are refused', () => {
  expect(parseOptions(['ms=200', 'only=haproxy,node pipe'])).toEqual({
    rounds: 3,
    ms: 200,
    only: ['haproxy', 'node pipe'],
    rows: [],
    flows: [2000, 10_000],
  })
  expect(() => parseOptions(['round=1'])).toThrow('unknown option round')
  expect(() => parseOptions(['rounds=none'])).toThrow('not a positive number')
})
