// Bundles each process into one file under dist/, or the folder given (the command line keeps a chunk per command, so that --help stays quick).
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = resolve(process.argv[2] ?? join(root, 'dist'))
// Built beside and then swapped in, so that what runs from the old bundles finds all of them or none.
const fresh = `${dist}.${process.pid}`
const entries = readdirSync(join(root, 'src/bin')).map((name) => name.replace(/\.ts$/, ''))

/** @type {import('esbuild').BuildOptions} */
const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  outdir: fresh,
  outExtension: { '.js': '.mjs' },
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
  // CommonJS packages inside an ES module bundle ask for `require`.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
}

/** Another process of ours is another bundle, not a copy inside this one. */
const siblingProcesses = {
  name: 'sibling-processes',
  setup(bundler) {
    bundler.onResolve({ filter: /^\.\/[\w-]+\.ts$/ }, (args) => {
      const name = args.path.slice(2, -3)
      if (
        args.kind !== 'dynamic-import' ||
        !args.importer.endsWith('src/bin/fairlead.ts') ||
        !entries.includes(name)
      )
        return
      return { path: `./${name}.mjs`, external: true }
    })
  },
}

await Promise.all([
  build({
    ...shared,
    entryPoints: ['src/bin/fairlead.ts'],
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    plugins: [siblingProcesses],
  }),
  ...entries
    .filter((name) => name !== 'fairlead')
    .map((name) => build({ ...shared, entryPoints: [`src/bin/${name}.ts`] })),
])
writeFileSync(join(fresh, '.built'), '')
const old = `${fresh}.old`
if (existsSync(dist)) renameSync(dist, old)
renameSync(fresh, dist)
rmSync(old, { recursive: true, force: true })
