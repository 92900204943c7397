/** Where the programs of this machine are; apart from the tests' framework, for the benchmarks too. */
import { delimiter, resolve } from 'node:path'
import { executable } from '../../src/lab/host/requirements.ts'

/** The first one on PATH or in the folders Debian keeps servers in; one that is a path already is taken as it is. */
export function commandPath(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/local/sbin']
  return folders.map((folder) => resolve(folder, name)).find(executable)
}
