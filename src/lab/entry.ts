/** Where the lab's programs are: bundles beside a bundle, sources beside sources. */
import { existsSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LabError } from './errors.ts'

/** The folder of fairlead's package.json. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder)
    if (parent === folder) throw new LabError('cannot find the folder fairlead is installed in')
    folder = parent
  }
  return folder
}

/** Node and the file to run for the process of src/bin/`name`.ts: a bundle when this code runs from one. */
export function processCommand(name: string): [string, string] {
  const root = packageRoot()
  const dist = join(root, 'dist')
  const bundled = fileURLToPath(import.meta.url).startsWith(dist + sep)
  return [process.execPath, bundled ? join(dist, `${name}.mjs`) : join(root, 'src', 'bin', `${name}.ts`)]
}
