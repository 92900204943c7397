#!/usr/bin/env node
// The `fairlead` command. Runs the bundle when it is up to date, else the sources, on Node 24 (Node 20 cannot load them).
import { spawn } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { bundleIsFresh } from './bundle-state.mjs'

const root = dirname(dirname(realpathSync(fileURLToPath(import.meta.url))))
const entry = bundleIsFresh(root)
  ? join(root, 'dist', 'fairlead.mjs')
  : join(root, 'src', 'bin', 'fairlead.ts')
const [major, minor] = process.versions.node.split('.').map(Number)
const capable = major > 22 || (major === 22 && minor >= 18)

if (capable) {
  await import(pathToFileURL(entry).href)
} else {
  const pinned = join(root, 'node_modules', '.bin', 'node')
  if (!existsSync(pinned)) {
    process.stderr.write(
      `fairlead needs Node 22.18 or newer and this is ${process.version}: run "npm run setup" in ${root}, which brings its own\n`,
    )
    process.exit(1)
  }
  const child = spawn(pinned, [entry, ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(signal === null ? code : 128 + constants.signals[signal]))
}
