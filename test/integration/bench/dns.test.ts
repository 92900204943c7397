/** `npm run bench -- dns`, short: every row gives every figure for every resolver, from right answers. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { DNS_ROWS } from '../../../bench/dns/names.ts'
import { type DnsLine, MEASURES } from '../../../bench/dns/report.ts'
import { findDnsTools, missingDnsTools } from '../../../bench/dns/tools.ts'
import { describeUnless } from '../../support/missing.ts'
import { run } from '../../support/run.ts'
import { ROOT } from '../../support/source-tree.ts'

const PEERS = ['dnsmasq', 'bare node']
const SHORT = ['rounds=1', 'ms=500', `only=fairlead,${PEERS.join(',')}`]

const [missing] = missingDnsTools(findDnsTools()).filter((line) => !line.startsWith('coredns'))
let dir: string

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fairlead-bench-test-'))
})

afterAll(() => rm(dir, { recursive: true, force: true }))

async function bench(): Promise<{ lines: readonly DnsLine[]; failures: readonly string[] }> {
  const out = join(dir, 'out.json')
  await run([process.execPath, join(ROOT, 'bench/main.ts'), 'dns', '--out', out, ...SHORT], {
    timeout: 230_000,
  })
  const { result } = JSON.parse(await readFile(out, 'utf8')) as { result: Awaited<ReturnType<typeof bench>> }
  return result
}

describeUnless(missing, 'the benchmark of the resolver', () => {
  test('gives a number for every row, measure and resolver', async () => {
    const { lines, failures } = await bench()
    expect(failures.filter((failure) => !failure.startsWith('coredns'))).toEqual([])
    expect(lines.map(({ row, measure }) => [row, measure])).toEqual(
      DNS_ROWS.flatMap((row) => MEASURES.map(({ measure }) => [row.name, measure])),
    )
    for (const { values } of lines) expect(Object.keys(values)).toEqual(['fairlead', ...PEERS])
    const medians = lines.flatMap(({ values }) => Object.values(values).map(({ median }) => median))
    expect(medians.filter((median) => !Number.isFinite(median))).toEqual([])
    const rates = lines.filter(({ measure }) => measure !== 'lost')
    for (const { ratios } of rates) expect(Object.keys(ratios)).toEqual(PEERS)
  }, 240_000)
})
