// Adds to package-lock.json the optional per-platform packages that npm left out because the registry in use does not
// hold them, so that `npm ci` accepts the lock file on every platform. Run after changing dependencies.
import { readFileSync, writeFileSync } from 'node:fs'

const OS = [
  'darwin',
  'win32',
  'android',
  'freebsd',
  'openharmony',
  'linux',
  'aix',
  'netbsd',
  'openbsd',
  'sunos',
]
const CPU = {
  x64: 'x64',
  arm64: 'arm64',
  ia32: 'ia32',
  arm: 'arm',
  riscv64: 'riscv64',
  ppc64: 'ppc64',
  s390x: 's390x',
  loong64: 'loong64',
  mips64el: 'mips64el',
  wasm32: 'wasm32',
  universal: undefined,
}

function platformOf(name) {
  const words = name.split('/').pop().split('-')
  const os = OS.filter((candidate) => words.includes(candidate))
  const cpu = Object.keys(CPU).filter(
    (candidate) => words.includes(candidate) && CPU[candidate] !== undefined,
  )
  const libc = words.some((word) => word.startsWith('musl'))
    ? ['musl']
    : words.some((word) => word.startsWith('gnu'))
      ? ['glibc']
      : []
  return { ...(cpu.length > 0 && { cpu }), ...(libc.length > 0 && { libc }), ...(os.length > 0 && { os }) }
}

const path = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(path, 'utf8'))
let added = 0
for (const entry of Object.values({ ...lock.packages })) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`
    if (lock.packages[key]?.version !== undefined) continue
    if (!/^\d/.test(version)) throw new Error(`${name}: optional dependency is not pinned (${version})`)
    lock.packages[key] = { version, dev: entry.dev, optional: true, ...platformOf(name) }
    added += 1
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
console.log(`${added} packages added to package-lock.json`)
