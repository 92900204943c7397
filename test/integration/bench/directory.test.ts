/** `npm run bench -- directory`, small: a router in another process has every record. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { DirectoryResult } from '../../../bench/directory.ts'
import { run } from '../../support/run.ts'
import { ROOT } from '../../support/source-tree.ts'

let dir: string

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fairlead-bench-test-'))
})

afterAll(() => rm(dir, { recursive: true, force: true }))

test('the benchmark of the directory waits for every record and tells what that took', async () => {
  const out = join(dir, 'out.json')
  const small = ['clusters=3', 'exports=4', 'rounds=2']
  const { stdout } = await run(
    [process.execPath, join(ROOT, 'bench/main.ts'), 'directory', '--out', out, ...small],
    { timeout: 100_000 },
  )
  expect(stdout).toMatch(/\| 12 \| [\d.]+ \(/)
  const { result } = JSON.parse(await readFile(out, 'utf8')) as { result: DirectoryResult }
  expect(result.syncMs).toMatchObject({ count: 2, min: expect.any(Number) })
  expect(result.syncMs.min).toBeGreaterThan(0)
}, 120_000)
