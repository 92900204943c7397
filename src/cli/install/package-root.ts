/**
 * Where this build of fairlead keeps the files that come with it.
 */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { InstallError } from './errors.ts'

/** A file or folder beside package.json; the same from the sources and from a bundle. */
export function packagePath(name: string): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder)
    if (parent === folder) throw new InstallError('cannot find the folder fairlead is installed in')
    folder = parent
  }
  return join(folder, name)
}
