// Runs jest suites by name (unit, integration, e2e, fuzz, kube, e2e-real) on the pinned Node. What follows `--` goes to jest; a
// path there replaces the suite's own: unit -- test/unit/dns, or unit -- -t 'part of a name'
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { kubeAssets } from './kube-assets.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const split = process.argv.indexOf('--')
const suites = process.argv.slice(2, split === -1 ? undefined : split)
const extra = split === -1 ? [] : process.argv.slice(split + 1)
/** End-to-end tests that run in a lab of real API servers too. */
const REAL = 'conformance|export-lifecycle|least-privilege|headless|three-clusters|hand-made-endpoints|quiet'
/** Files of a suite that has no folder of its own name. */
const files = { 'e2e-real': `/test/e2e/(${REAL})\\.test` }
// One file at a time where tests own machine-wide things (namespaces, ports) or need the cores to themselves.
const serial = new Set(['e2e', 'e2e-real', 'kube'])

let failed = false
for (const suite of suites) {
  const reports = process.env.FAIRLEAD_TEST_REPORTS
  if (reports !== undefined) mkdirSync(reports, { recursive: true })
  const report = reports === undefined ? [] : ['--json', `--outputFile=${join(reports, `${suite}.json`)}`]
  const chosen = extra.some((word) => word.startsWith('test/'))
    ? []
    : [`--testPathPatterns=${files[suite] ?? `/test/${suite}/`}`]
  const args = [join(root, 'node_modules/jest/bin/jest.js'), ...chosen, '--passWithNoTests', ...report]
  // Jest leaves a processor to itself, which is half of two; most of these tests wait most of the time.
  args.push(serial.has(suite) ? '--runInBand' : `--maxWorkers=${Math.max(2, availableParallelism() - 1)}`)
  const result = spawnSync(
    process.execPath,
    ['--experimental-vm-modules', '--no-warnings', ...args, ...extra],
    {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, FAIRLEAD_SUITE: suite, ...environmentOf(suite) },
    },
  )
  failed ||= result.status !== 0
}
process.exitCode = failed ? 1 : 0

function environmentOf(suite) {
  if (suite === 'kube') return kubeEnvironment()
  return suite === 'e2e-real' ? { ...kubeEnvironment(), FAIRLEAD_LAB_API: 'real' } : {}
}

/** The real control plane's programs, or the reason why tests that need them are skipped. */
function kubeEnvironment() {
  const assets = kubeAssets()
  if (assets.folder !== undefined)
    return { KUBEBUILDER_ASSETS: assets.folder, PATH: `${assets.folder}:${process.env.PATH}` }
  process.stderr.write(`fairlead: ${assets.reason}\n`)
  return { KUBEBUILDER_ASSETS: '', FAIRLEAD_NO_KUBE_ASSETS: assets.reason }
}
