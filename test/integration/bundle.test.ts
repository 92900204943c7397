/** The bundles work as the sources do: what a bundler can break is loaded once in each. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { run } from '../support/run.ts'
import { ROOT } from '../support/source-tree.ts'

let folder: string
const fairlead = (...args: string[]) =>
  run([process.execPath, join(folder, 'dist/fairlead.mjs'), ...args], { codes: [0, 1, 2, 3] })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-bundle-'))
  await run([process.execPath, join(ROOT, 'scripts/build.mjs'), join(folder, 'dist')])
  for (const name of ['package.json', 'manifests']) await run(['cp', '-r', join(ROOT, name), folder])
}, 180_000)
afterAll(() => rm(folder, { recursive: true }))

test('help and version work, in every form of output', async () => {
  expect((await fairlead('--help')).stdout).toContain('Usage: fairlead')
  expect((await fairlead('version', '-o', 'json')).stdout).toContain('"version"')
  expect((await fairlead('version', '-o', 'yaml')).stdout).toMatch(/^version: /)
})

test.each(['router', 'controller', 'dns', 'agent'])(
  '%s starts far enough to ask for what it lacks',
  async (name) => {
    const result = await fairlead(name, '--tls-dir', join(folder, 'none'), '--kubeconfig', '/nonexistent')
    expect(result.stderr).toMatch(/none|nonexistent|unknown option|--node-name/i)
    expect(result.stderr).not.toMatch(/is not a function|Cannot read properties|is not a constructor/)
  },
  20_000,
)
