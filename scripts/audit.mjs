// Known vulnerabilities of what package-lock.json names, by the registry's advisories. Ends with 1 when there is one; a
// registry that cannot be reached, or tells no advisories, is no finding: it says so and ends with 0.
import { spawnSync } from 'node:child_process'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { stdout, stderr, error } = spawnSync(
  'npm',
  ['audit', '--package-lock-only', '--json', ...process.argv.slice(2)],
  {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  },
)

/** npm's report; undefined where it could not make one. */
function report() {
  try {
    const answer = JSON.parse(stdout)
    return typeof answer.metadata?.vulnerabilities?.total === 'number' ? answer : undefined
  } catch {
    return undefined
  }
}

/** Why there is none, in npm's words. */
function reason() {
  if (error !== undefined) return error.message
  try {
    const { message, error: inner } = JSON.parse(stdout)
    return message || inner?.summary || inner?.code || 'npm gave no report'
  } catch {
    return stderr.trim().split('\n').at(-1) || 'npm gave no report'
  }
}

const found = report()
if (found === undefined) {
  console.log(`audit: NOT CHECKED: the registry told no advisories (${reason()})`)
} else if (found.metadata.vulnerabilities.total === 0) {
  console.log(`audit: no known vulnerability in ${found.metadata.dependencies?.total ?? 'all'} packages`)
} else {
  for (const { name, severity, via } of Object.values(found.vulnerabilities)) {
    const advisories = via.flatMap((each) => (typeof each === 'string' ? [] : [`${each.title} ${each.url}`]))
    console.log(`audit: ${severity}: ${name}${advisories.length > 0 ? `: ${advisories.join('; ')}` : ''}`)
  }
  process.exitCode = 1
}
