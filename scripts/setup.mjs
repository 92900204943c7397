// Brings a fresh clone to where it can run, then runs the given script on the Node that package-lock.json pins.
// Plain JavaScript for the host's own Node (20 or newer). Usage: node scripts/setup.mjs [script.(mjs|ts) args...]
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleIsFresh } from '../bin/bundle-state.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, 'node_modules')
const stamp = join(modules, '.fairlead-setup')

function lockHash() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
}

function install() {
  const hash = lockHash()
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return
  process.stderr.write('fairlead: installing packages (npm ci)\n')
  const result = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (result.status !== 0) {
    process.stderr.write('fairlead: npm ci failed; mend what it says above and run this again\n')
    process.exit(result.status ?? 1)
  }
  linkBinaries()
  // Bundles hold the packages they were made with.
  rmSync(join(root, 'dist', '.built'), { force: true })
  writeFileSync(stamp, hash)
}

// `npx fairlead` and pods of the lab find the command beside the other packages' commands.
function linkBinaries() {
  mkdirSync(join(modules, '.bin'), { recursive: true })
  for (const name of ['fairlead', 'kubectl-fairlead']) {
    const link = join(modules, '.bin', name)
    if (!existsSync(link)) symlinkSync('../../bin/fairlead.mjs', link)
  }
}

/** The pinned Node, or this one where no build of it exists for the platform. */
function pinnedNode() {
  const pinned = join(modules, '.bin', 'node')
  return existsSync(pinned) ? pinned : process.execPath
}

function run(script, args) {
  const node = pinnedNode()
  const path = `${join(modules, '.bin')}:${process.env.PATH}`
  const child = spawn(node, [join(root, script), ...args], {
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
  })
  // A terminal sends Ctrl-C to the whole group; what is sent to this process alone is passed on.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  child.on('exit', (code, signal) => {
    if (signal !== null) {
      process.removeAllListeners(signal)
      process.kill(process.pid, signal)
    } else process.exit(code ?? 1)
  })
}

/** Bundles start several times faster than sources; what runs processes gets fresh ones. */
function bundle() {
  if (bundleIsFresh(root)) return
  const result = spawnSync(pinnedNode(), [join(root, 'scripts', 'build.mjs')], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (result.status !== 0) process.exit(result.status ?? 1)
}

install()
const [script, ...args] = process.argv.slice(2)
if (script !== undefined && script !== 'scripts/build.mjs') bundle()
if (script !== undefined) run(script, args)
