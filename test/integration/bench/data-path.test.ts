/** `npm run bench -- data-path`, short: every row gives a number for every system. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { measures } from '../../../bench/data-path/measures.ts'
import type { Line } from '../../../bench/data-path/report.ts'
import { findTools, missingTools } from '../../../bench/data-path/tools.ts'
import { describeUnless } from '../../support/missing.ts'
import { run } from '../../support/run.ts'
import { ROOT } from '../../support/source-tree.ts'

const FLOWS = [20, 50]
const SHORT = ['rounds=1', 'ms=50', `flows=${FLOWS.join(',')}`]
const RELAYS = ['haproxy', 'nginx', 'node pipe', 'fairlead']
const DATAGRAM_RELAYS = ['nginx', 'fairlead']

const missing = missingTools(findTools())
let dir: string

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fairlead-bench-test-'))
})

afterAll(() => rm(dir, { recursive: true, force: true }))

async function bench(): Promise<{ lines: readonly Line[]; failures: readonly string[] }> {
  const out = join(dir, 'out.json')
  await run([process.execPath, join(ROOT, 'bench/main.ts'), 'data-path', '--out', out, ...SHORT], {
    timeout: 170_000,
  })
  const { result } = JSON.parse(await readFile(out, 'utf8')) as { result: Awaited<ReturnType<typeof bench>> }
  return result
}

describeUnless(missing[0], 'the benchmark of the data path', () => {
  test('gives a number for every row and system', async () => {
    const { lines, failures } = await bench()
    expect(failures).toEqual([])
    expect(lines.map(({ key }) => key)).toEqual(measures(FLOWS).map(({ key }) => key))
    for (const { key, values } of lines) {
      const relays = key.startsWith('datagrams') ? DATAGRAM_RELAYS : RELAYS
      expect([key, ...Object.keys(values).filter((name) => name !== 'direct')]).toEqual([key, ...relays])
    }
    const medians = lines.flatMap(({ values }) => Object.values(values).map(({ median }) => median))
    expect(medians.filter((median) => !Number.isFinite(median))).toEqual([])
  }, 180_000)
})
