/** The demo as a newcomer runs it, on a machine that has everything and on ones that lack something (done-when 1). */
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { fairlead, startFairlead } from '../support/clusters.ts'
import { commandPath } from '../support/command-path.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab, missingCommands } from '../support/missing.ts'
import { ordinaryUser } from '../support/ordinary-user.ts'
import { collect, run } from '../support/run.ts'
import { ROOT } from '../support/source-tree.ts'
import { expectNoTraces, type Traces, traces } from '../support/traces.ts'

/** In loopback mode pods have no host name of their own. */
const ANSWER = /^hello from \S+ \(/m
/** Programs a PATH needs besides the ones under test. */
const BASE = [
  'sh',
  'node',
  'unshare',
  'nsenter',
  'setpriv',
  'mount',
  'umount',
  'pivot_root',
  'hostname',
  'ip',
  'nft',
  'sleep',
  'cat',
  'mkdir',
  'env',
]

let folder: string
let before: Traces | undefined
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-demo-'))
  before = missingCommands('ip', 'nft').length === 0 ? await traces(folder) : undefined
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const demo = (...flags: string[]) => ['demo', '--state', join(folder, 'lab'), ...flags]

async function leavesNoTrace(of = folder): Promise<void> {
  if (before === undefined) return
  const expected = before
  await eventually(() => expectNoTraces(of, expected))
}

describeInLab([], 'npm run demo', () => {
  test('ends by itself when standard input is no terminal, having shown the answer, and leaves nothing', async () => {
    const result = await run(['npm', 'run', 'demo', '--', '--state', join(folder, 'lab')], {
      cwd: ROOT,
      timeout: 120_000,
    })
    expect(result.stdout).toContain('$ kubectl --context east apply -f examples/hello/export.yaml')
    expect(result.stdout.match(/^hello from hello-/gm)).toHaveLength(2)
    await leavesNoTrace()
  }, 150_000)

  test('an interrupt in the middle leaves nothing', async () => {
    const child = startFairlead(demo())
    const output = collect(child.stdout)
    await eventually(() => fairlead(['lab', 'status', '--state', join(folder, 'lab')]), {
      within: 60_000,
      every: 200,
    })
    child.kill('SIGINT')
    const [code] = (await once(child, 'exit')) as [number]
    expect(code).toBe(130)
    expect(await output).not.toMatch(ANSWER)
    await leavesNoTrace()
  }, 120_000)

  test('without kubectl and curl its own clients do the same, and it says so', async () => {
    const result = await fairlead(demo(), { env: { PATH: await pathWith(BASE) }, timeout: 120_000 })
    expect(result.stderr).toMatch(/kubectl is not installed .*apt-get install/)
    expect(result.stderr).toMatch(/curl is not installed .*apt-get install/)
    expect(result.stdout).toMatch(ANSWER)
    await leavesNoTrace()
  }, 150_000)
})

const HIDE =
  'for program in nft ip kubectl curl; do mount --bind /dev/null "$(command -v $program)"; done; exec "$@"'
const asRoot: typeof describeInLab =
  process.getuid?.() === 0
    ? describeInLab
    : (_needs, name, body) => describe.skip(`${name} [skipped: hiding programs needs root]`, body)

asRoot([], 'a machine without nft, ip, kubectl and curl', () => {
  test('the demo goes on in loopback mode and says what is missing and how to get it', async () => {
    const command = [process.execPath, join(ROOT, 'bin/fairlead.mjs'), ...demo()]
    const result = await run(['unshare', '--mount', 'sh', '-c', HIDE, 'sh', ...command], { timeout: 120_000 })
    expect(result.stderr).toMatch(/apt-get install .*nftables/)
    expect(result.stderr).toContain('loopback mode')
    expect(result.stdout).toMatch(ANSWER)
    await leavesNoTrace()
  }, 150_000)
})

describeInLab(['setpriv'], 'an ordinary user', () => {
  test('has the whole demo through user namespaces', async () => {
    const user = await ordinaryUser()
    const result = await user.fairlead(['demo', '--state', join(user.home, 'lab')], { timeout: 120_000 })
    expect(result.stderr).not.toContain('loopback')
    expect(result.stdout.match(/^hello from hello-/gm)).toHaveLength(2)
    await leavesNoTrace(user.home)
    await user.leave()
  }, 150_000)
})

/** A PATH that holds these programs and no others. */
async function pathWith(names: readonly string[]): Promise<string> {
  const bin = join(folder, 'bin')
  await mkdir(bin)
  for (const name of names) {
    const target = name === 'node' ? process.execPath : commandPath(name)
    if (target !== undefined) await symlink(target, join(bin, name))
  }
  return bin
}
