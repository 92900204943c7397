/** `npm run bench -- discovery`, small: every figure is there, and nothing is written when nothing changed. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { DiscoveryResult } from '../../../bench/discovery.ts'
import { run } from '../../support/run.ts'
import { ROOT } from '../../support/source-tree.ts'

const SMALL = ['clusters=4', 'exports=3', 'exporters=1,4', 'rounds=1', 'changes=5']

let dir: string

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fairlead-bench-test-'))
})

afterAll(() => rm(dir, { recursive: true, force: true }))

test('the benchmark of discovery counts the writes of each change, and none without one', async () => {
  const out = join(dir, 'out.json')
  const command = [process.execPath, join(ROOT, 'bench/main.ts'), 'discovery', '--out', out, ...SMALL]
  await run(command, { timeout: 170_000 })
  const { result } = JSON.parse(await readFile(out, 'utf8')) as { result: DiscoveryResult }
  const counts = result.sets.map(({ computed, controlled }) => [
    computed.imports,
    computed.slices,
    controlled.imports,
  ])
  expect(counts).toEqual([
    [12, 12, 12],
    [3, 12, 3],
  ])
  for (const { controlled } of result.sets) {
    const silent = controlled.changes.filter(({ writes }) => writes.max === 0).map(({ change }) => change)
    expect(silent).toEqual([
      'nothing: all records told again',
      'nothing: all compared again',
      'nothing: the controller starts again',
      'another ready endpoint elsewhere',
    ])
  }
}, 180_000)
