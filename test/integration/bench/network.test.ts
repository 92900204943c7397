/** `npm run bench -- network`, small: all routers of every shape see the real network after each event, in time. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { NetworkResult } from '../../../bench/network.ts'
import { run } from '../../support/run.ts'
import { ROOT } from '../../support/source-tree.ts'

let dir: string

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fairlead-bench-test-'))
})

afterAll(() => rm(dir, { recursive: true, force: true }))

test('the benchmark of the network finds no router that sees anything else than the network', async () => {
  const out = join(dir, 'out.json')
  const command = [process.execPath, join(ROOT, 'bench/main.ts'), 'network', '--out', out]
  await run([...command, 'routers=24', 'rounds=2'], { timeout: 170_000 })
  const { result } = JSON.parse(await readFile(out, 'utf8')) as { result: NetworkResult }
  expect(result.networks.map(({ shape, links }) => [shape, links])).toEqual([
    ['star', 23],
    ['ring', 24],
    ['random', 48],
    ['hierarchical', 45],
  ])
  for (const { events } of result.networks) {
    expect(events.map(({ wrong }) => wrong)).toEqual(Array(9).fill(0))
    const lost = events.find(({ event }) => event === 'link lost')
    // Virtual time: the same on every machine.
    expect(lost?.settledMs.max).toBeLessThan(2_000)
    expect(lost?.mostMessages).toBeLessThan(20)
  }
}, 180_000)
