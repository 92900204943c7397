// Where the programs of a real Kubernetes control plane are: in the folder that KUBEBUILDER_ASSETS names, else made once
// by the machine's Go from the pinned modules under test/kube/assets, into a cache outside of the clone.
import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, 'test', 'kube', 'assets')

/** Module folder -> packages of programs. etcd's and CoreDNS's packages are not named after their programs. */
const PROGRAMS = [
  { module: 'etcd', output: 'etcd', packages: ['go.etcd.io/etcd/server/v3'] },
  { module: 'coredns', output: 'coredns', packages: ['github.com/coredns/coredns'] },
  {
    module: 'kubernetes',
    output: '',
    packages: ['kube-apiserver', 'kube-controller-manager', 'kubectl'].map(
      (name) => `k8s.io/kubernetes/cmd/${name}`,
    ),
  },
]
/** What a folder must hold to count. */
const REQUIRED = ['kube-apiserver', 'etcd', 'kube-controller-manager']

/** `{ folder }`, or `{ reason }`: why there are none and what to do about it. */
export function kubeAssets(build = true) {
  const given = process.env.KUBEBUILDER_ASSETS
  if (given !== undefined && given !== '') return checked(given)
  const folder = cacheFolder()
  if (existsSync(folder)) return { folder }
  if (!build) return { reason: 'no Kubernetes programs; `npm run test:kube` makes them' }
  return make(folder)
}

function checked(folder) {
  const missing = REQUIRED.filter((name) => !existsSync(join(folder, name)))
  if (missing.length === 0) return { folder }
  return { reason: `KUBEBUILDER_ASSETS=${folder} lacks ${missing.join(', ')}` }
}

/** Named by what it is made of, so that a change of versions makes another. */
function cacheFolder() {
  const hash = createHash('sha256')
  for (const name of readdirSync(modules).sort()) {
    for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(modules, name, file)))
  }
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return join(cache, 'fairlead', 'kube-assets', `${process.arch}-${hash.digest('hex').slice(0, 16)}`)
}

function make(folder) {
  if (spawnSync('go', ['version']).status !== 0) {
    return {
      reason:
        'no Go to build kube-apiserver with; install Go 1.26 or newer (https://go.dev/dl), or name a folder that holds ' +
        'kube-apiserver, etcd, kube-controller-manager and kubectl (as of setup-envtest) in KUBEBUILDER_ASSETS',
    }
  }
  process.stderr.write('fairlead: building kube-apiserver, etcd and CoreDNS once (about 10 minutes)\n')
  const partial = `${folder}.${randomBytes(4).toString('hex')}`
  mkdirSync(partial, { recursive: true })
  const failed = PROGRAMS.find((entry) => !build(entry, partial))
  if (failed !== undefined) {
    rmSync(partial, { recursive: true, force: true })
    return { reason: `go build of ${failed.packages.join(', ')} failed; see above` }
  }
  if (existsSync(folder)) rmSync(partial, { recursive: true, force: true })
  else renameSync(partial, folder)
  return { folder }
}

function build({ module, output, packages }, folder) {
  const cwd = join(modules, module)
  const args = ['build', '-trimpath', `-ldflags=${linkerFlags(cwd)}`, '-o', join(folder, output), ...packages]
  // The cache of a machine's own GOFLAGS may ask for a vendor folder, which these modules do not have.
  const result = spawnSync('go', args, {
    cwd,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, GOFLAGS: '-mod=readonly', GOWORK: 'off' },
  })
  return result.status === 0
}

/** Kubernetes learns its own version from the linker; clients go by it. */
function linkerFlags(cwd) {
  const version = /^require k8s\.io\/kubernetes (v(\d+)\.(\d+)\.\d+)$/m.exec(
    readFileSync(join(cwd, 'go.mod'), 'utf8'),
  )
  if (version === null) return '-s -w'
  const [, full, major, minor] = version
  const set = { gitVersion: full, gitMajor: major, gitMinor: minor }
  const flags = Object.entries(set).map(
    ([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`,
  )
  return ['-s -w', ...flags].join(' ')
}

// Called by itself it prints the folder, for a shell: export KUBEBUILDER_ASSETS=$(npm run --silent kube:assets)
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const assets = kubeAssets()
  if (assets.folder !== undefined) process.stdout.write(`${assets.folder}\n`)
  else {
    process.stderr.write(`fairlead: ${assets.reason}\n`)
    process.exitCode = 1
  }
}
