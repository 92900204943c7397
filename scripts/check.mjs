// Lint, types, unused code and the repository's own tests. Runs all of them, then fails when one did.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bin = (name) => join(root, 'node_modules', '.bin', name)
const steps = [
  ['format and lint', bin('biome'), ['check', '--error-on-warnings', '.']],
  ['types', bin('tsc'), ['-p', '.']],
  ['unused code', bin('knip'), ['--no-progress']],
  ['house rules', process.execPath, [join(root, 'scripts/test.mjs'), 'unit', '--', 'test/unit/repo']],
]
if (spawnSync('shellcheck', ['--version']).error === undefined) {
  const scripts = spawnSync('git', ['ls-files', '*.sh', '.ci/run'], { cwd: root, encoding: 'utf8' })
    .stdout.split('\n')
    .filter((path) => path !== '' && existsSync(join(root, path)))
  if (scripts.length > 0) steps.push(['shell scripts', 'shellcheck', scripts])
} else
  process.stderr.write('check: shell scripts skipped, shellcheck is missing (apt-get install shellcheck)\n')

// These tests are part of the unit suite, whose report counts them.
const { FAIRLEAD_TEST_REPORTS: _, ...env } = process.env
const failed = []
for (const [name, command, args] of steps) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', env })
  process.stderr.write(`check: ${name}: ${result.status === 0 ? 'ok' : 'FAILED'}\n`)
  if (result.status !== 0) failed.push(name)
}
process.exit(failed.length === 0 ? 0 : 1)
