/**
 * Benchmarks by name: `npm run bench -- NAME`. Each prints a table. `--out FILE` keeps the result as JSON; `--save` does
 * so in bench/results, with the versions it was measured with, and puts the table into docs/performance.md or the page that
 * the benchmark names.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Kept, kept, thisMachine, withSection } from './record.ts'

/** A benchmark. */
interface Bench {
  /** What it gives back: anything that JSON can hold. */
  run(args: readonly string[]): Promise<unknown>
  /** The result as Markdown, for the documentation. */
  section?(result: Kept): string
  /** The page for it; docs/performance.md when absent. */
  readonly document?: string
}

const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  propagation: () => import('./propagation.ts'),
  'data-path': () => import('./data-path.ts'),
  dns: () => import('./dns.ts'),
  discovery: () => import('./discovery.ts'),
  directory: () => import('./directory.ts'),
  network: () => import('./network.ts'),
  globalnet: () => import('./globalnet.ts'),
  amqp: () => import('./amqp.ts'),
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { save: { type: 'boolean' }, out: { type: 'string' } },
})
const [name = '', ...args] = positionals
const load = BENCHES[name]
if (load === undefined) {
  console.error(
    `usage: npm run bench -- NAME [--save] [--out FILE] [options]; names: ${Object.keys(BENCHES).join(', ')}`,
  )
  process.exit(2)
}
const bench = await load()
const machine = thisMachine()
const result = kept(name, machine, await bench.run(args))
if (values.out !== undefined) await write(values.out, result)
if (values.save === true) {
  await write(join(import.meta.dirname, 'results', `${name}.json`), result)
  if (bench.section !== undefined) {
    const page = join(import.meta.dirname, '..', bench.document ?? 'docs/performance.md')
    await writeFile(page, withSection(await readFile(page, 'utf8'), name, bench.section(result)))
  }
}

async function write(file: string, value: Kept): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `${JSON.stringify(value, null, 2)}\n`)
}
