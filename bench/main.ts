/**
 * Benchmarks by name: `npm run bench -- NAME`. Each prints a table and can keep its result as JSON in bench/results
 * (`--save`), with the versions it was measured with.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, release } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What a benchmark gives back: anything that JSON can hold. */
type Run = (args: readonly string[]) => Promise<unknown>

const BENCHES: Readonly<Record<string, () => Promise<{ run: Run }>>> = {
  propagation: () => import('./propagation.ts'),
  'data-path': () => import('./data-path.ts'),
  amqp: () => import('./amqp.ts'),
}

const [name = '', ...args] = process.argv.slice(2)
const load = BENCHES[name]
if (load === undefined) {
  console.error(`usage: npm run bench -- NAME [--save] [options]; names: ${Object.keys(BENCHES).join(', ')}`)
  process.exit(2)
}
const result = await (await load()).run(args.filter((arg) => arg !== '--save'))
if (args.includes('--save')) await save(name, result)

async function save(bench: string, value: unknown): Promise<void> {
  const folder = join(dirname(fileURLToPath(import.meta.url)), 'results')
  await mkdir(folder, { recursive: true })
  const machine = { node: process.version, kernel: release(), cores: cpus().length, cpu: cpus()[0]?.model }
  const date = new Date().toISOString().slice(0, 10)
  await writeFile(
    join(folder, `${bench}.json`),
    `${JSON.stringify({ bench, date, machine, result: value }, null, 2)}\n`,
  )
}
