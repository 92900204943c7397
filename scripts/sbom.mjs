// The bill of materials (CycloneDX, JSON) of what runs in production, from package-lock.json alone: to dist/sbom.cdx.json, or
// to standard output with `-`.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const file = join(root, 'dist', 'sbom.cdx.json')
const DEVELOPMENT = 'cdx:npm:package:development'
// Not --omit=dev: with it npm 11 leaves out packages that production and development both use.
const flags = ['--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only']
const { status, stdout, stderr, error } = spawnSync('npm', ['sbom', ...flags], {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
})
if (status !== 0) {
  process.stderr.write(`sbom: npm sbom failed: ${error?.message ?? stderr}\n`)
  process.exit(1)
}

const bill = JSON.parse(stdout)
const dropped = new Set(
  bill.components
    .filter(({ properties = [] }) => properties.some(({ name }) => name === DEVELOPMENT))
    .map((component) => component['bom-ref']),
)
bill.components = bill.components.filter((component) => !dropped.has(component['bom-ref']))
bill.dependencies = bill.dependencies
  .filter(({ ref }) => !dropped.has(ref))
  .map((each) => ({ ...each, dependsOn: each.dependsOn.filter((ref) => !dropped.has(ref)) }))
// npm names it after the folder of the clone.
bill.metadata.component.name = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).name
const text = `${JSON.stringify(bill, null, 2)}\n`
if (process.argv[2] === '-') process.stdout.write(text)
else {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  process.stderr.write(`sbom: ${bill.components.length} components in ${file}\n`)
}
