import { expect, test } from '@jest/globals'
import { readReport } from '../../../bench/dns/dnsperf.ts'
import { DNS_ROWS } from '../../../bench/dns/names.ts'
import { parseDnsOptions } from '../../../bench/dns/options.ts'
import { dnsLines, dnsTable } from '../../../bench/dns/report.ts'
import type { DnsSample } from '../../../bench/dns/rounds.ts'
import { chosen } from '../../../bench/named-options.ts'

const REPORT = `
  Queries sent:         210
  Queries completed:    200 (95.24%)
  Queries lost:         10 (4.76%)

  Response codes:       NOERROR 150 (75.00%), NXDOMAIN 50 (25.00%)
  Average packet size:  request 54, response 70
  Run time (s):         0.500123
  Queries per second:   399.901624
`

const rows = chosen(DNS_ROWS, ['a', 'nxdomain'])

function sample(resolver: string, round: number, cpuMicros: number, row = 'a'): DnsSample {
  return { row, resolver, round, cpuMicros, perSecond: 1000 * round, lost: 0 }
}

const samples = [
  sample('fairlead', 1, 10),
  sample('dnsmasq', 1, 9),
  sample('fairlead', 2, 20),
  sample('dnsmasq', 2, 10),
  sample('fairlead', 3, 10),
  sample('dnsmasq', 3, 8),
]

test('the report of dnsperf is read, and one that lacks a figure is an error', () => {
  expect(readReport(REPORT)).toEqual({
    completed: 200,
    lost: 10,
    seconds: 0.500123,
    rcodes: { NOERROR: 150, NXDOMAIN: 50 },
  })
  expect(() => readReport(REPORT.replace('Run time', 'Ran'))).toThrow('dnsperf did not say "Run time')
})

test('ratios are taken in each round, and their median is held against the target', () => {
  const perCore = dnsLines(rows, samples).find(({ measure }) => measure === 'queries/s per core')
  expect(perCore).toMatchObject({
    row: 'a',
    values: { fairlead: { low: 50_000, median: 100_000, high: 100_000 } },
    ratios: { dnsmasq: { low: 0.5, median: 0.8, high: 0.9 } },
    met: true,
  })
})

test('a round in which a peer was not measured has no ratio, and nothing is divided by nothing', () => {
  const lines = dnsLines(rows, samples.slice(0, 3))
  expect(lines.map(({ measure, ratios }) => [measure, ratios['dnsmasq']?.median]).slice(0, 4)).toEqual([
    ['queries/s', 1],
    ['CPU us/query', 1.11],
    ['queries/s per core', 0.9],
    ['lost', undefined],
  ])
})

test('a row without a target is neither met nor missed', () => {
  const unknown = samples.map((each) => ({ ...each, row: 'nxdomain' }))
  expect(dnsLines(rows, unknown).filter(({ met }) => met !== undefined)).toEqual([])
})

test('the table names resolvers, ratios and the target', () => {
  const [header, ...body] = dnsTable(dnsLines(chosen(rows, ['a']), samples))
  expect(header).toEqual(['question', 'measure', 'fairlead', 'dnsmasq', '/ dnsmasq', 'target', ''])
  expect(body[2]).toEqual([
    'A of a ClusterSetIP import',
    'queries/s per core',
    '100 k (50 k-100 k)',
    '111.1 k (100 k-125 k)',
    '0.8 (0.5-0.9)',
    '>= 0.8 x dnsmasq',
    'met',
  ])
})

test('options have defaults, and unknown or senseless ones are refused', () => {
  expect(parseDnsOptions([])).toEqual({ rounds: 5, ms: 3000, only: [], rows: [] })
  expect(parseDnsOptions(['rounds=2', 'ms=50', 'only=dnsmasq', 'rows=a,srv'])).toEqual({
    rounds: 2,
    ms: 50,
    only: ['dnsmasq'],
    rows: ['a', 'srv'],
  })
  expect(() => parseDnsOptions(['flows=3'])).toThrow('unknown option flows')
  expect(() => parseDnsOptions(['ms=0'])).toThrow('not a positive number')
  expect(() => chosen(DNS_ROWS, ['mx'])).toThrow(
    'unknown or missing: mx; there are a, headless, srv, nxdomain',
  )
})
