/** Where the lab's programs are: the bundle of a process when it was built, else its source. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
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

/** Node and the file to run for the process of src/bin/`name`.ts. */
export function processCommand(name: string): [string, string] {
  const root = packageRoot()
  const bundle = join(root, 'dist', `${name}.mjs`)
  const built = existsSync(join(root, 'dist', '.built')) && existsSync(bundle)
  return [process.execPath, built ? bundle : join(root, 'src', 'bin', `${name}.ts`)]
}

/** Folders that pods get at the front of PATH, so that `command: ["fairlead", ...]` runs this build. */
export function commandFolders(): readonly string[] {
  const root = packageRoot()
  const own = join(root, 'node_modules', '.bin')
  // Installed as a package, the commands are beside the package's folder, not inside it.
  return [existsSync(own) ? own : join(dirname(root), '.bin'), dirname(process.execPath)]
}
