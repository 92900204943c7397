/** `npm run bench -- globalnet`, small: the kernel has what was planned, and one change is one change. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { noNamespace } from '../../../bench/globalnet/namespace.ts'
import type { GlobalnetResult } from '../../../bench/globalnet.ts'
import { describeUnless } from '../../support/missing.ts'
import { run } from '../../support/run.ts'
import { ROOT } from '../../support/source-tree.ts'

let dir: string
let result: GlobalnetResult

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fairlead-bench-test-'))
  const out = join(dir, 'out.json')
  const command = [process.execPath, join(ROOT, 'bench/main.ts'), 'globalnet', '--out', out]
  await run([...command, 'services=5,20', 'rounds=2', 'connections=2', 'ms=100'], { timeout: 100_000 })
  result = (JSON.parse(await readFile(out, 'utf8')) as { result: GlobalnetResult }).result
}, 120_000)

afterAll(() => rm(dir, { recursive: true, force: true }))

test('the number of rules does not depend on the number of services', () => {
  const [few, many] = result.sizes.map(({ planned }) => planned)
  expect(many?.rules).toBe(few?.rules)
  expect(many?.elements).toBeGreaterThan(few?.elements ?? Number.POSITIVE_INFINITY)
})

describeUnless(noNamespace(), 'in a network namespace', () => {
  test('a change of one port touches two elements, a slot one', () => {
    const changes = result.sizes.flatMap(({ kernel }) => kernel?.changes ?? [])
    const touched = new Map(changes.map(({ change, touched: number }) => [change, number]))
    expect(touched.get("one service's port")).toBe(2)
    expect(touched.get('one slot added')).toBe(1)
    expect(changes).toHaveLength(6)
  })

  test('connections are opened through every set of rules', () => {
    const names = result.connections.map(({ rules, globals }) => `${rules} ${globals}`)
    expect(names).toEqual(
      expect.arrayContaining(['no translation 0', 'fairlead 10', 'fairlead 60', 'nft, a rule for each 60']),
    )
    for (const { perSecond } of result.connections) expect(perSecond.min).toBeGreaterThan(0)
  })
})
