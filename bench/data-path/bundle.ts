/** The router as it is shipped: one file. From sources it would also hold the parser of TypeScript in memory. */
import { join } from 'node:path'
import { build } from 'esbuild'

/** Bundles a process of this folder into `dir` and gives the file. */
export async function bundle(name: string, dir: string): Promise<string> {
  const outfile = join(dir, `${name}.mjs`)
  await build({
    entryPoints: [join(import.meta.dirname, `${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    logLevel: 'warning',
    // CommonJS packages inside an ES module bundle ask for `require`.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  })
  return outfile
}
