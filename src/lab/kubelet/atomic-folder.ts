/**
 * A folder whose files change all at once, as kubelet's do: `file` is a link to `..data/file`, `..data` a link to a
 * folder that is replaced in one rename.
 */
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { errorCode } from '../../core/errors.ts'
import type { VolumeFile } from './volume-files.ts'

/** Who may read the files besides root; undefined leaves them root's. */
export interface Ownership {
  readonly uid: number | undefined
  readonly gid: number | undefined
}

/** Makes `folder` hold exactly `files`. */
export async function writeFolder(
  folder: string,
  files: readonly VolumeFile[],
  owner: Ownership,
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o755 })
  const previous = await linkIfAny(join(folder, '..data'))
  const fresh = await mkdtemp(join(folder, '..v'))
  await chmod(fresh, 0o755)
  for (const file of files) await writeVolumeFile(fresh, file, owner)
  const next = join(folder, '..next')
  await symlink(basename(fresh), next)
  await rename(next, join(folder, '..data'))
  await linkTops(folder, files)
  if (previous !== undefined) await rm(join(folder, previous), { recursive: true, force: true })
}

async function writeVolumeFile(
  folder: string,
  { path, content, mode }: VolumeFile,
  owner: Ownership,
): Promise<void> {
  const file = join(folder, path)
  await mkdir(dirname(file), { recursive: true, mode: 0o755 })
  await writeFile(file, content)
  await chmod(file, owner.gid === undefined ? mode : mode | 0o040)
  if (owner.uid !== undefined || owner.gid !== undefined) await chown(file, owner.uid ?? 0, owner.gid ?? 0)
}

/** Links for the first part of every path, none for what is gone. */
async function linkTops(folder: string, files: readonly VolumeFile[]): Promise<void> {
  const tops = new Set(files.map(({ path }) => path.split('/')[0] ?? path))
  const present = (await readdir(folder)).filter((name) => !name.startsWith('..'))
  for (const name of present.filter((each) => !tops.has(each))) await rm(join(folder, name))
  for (const name of [...tops].filter((each) => !present.includes(each))) {
    await symlink(join('..data', name), join(folder, name))
  }
}

async function linkIfAny(path: string): Promise<string | undefined> {
  try {
    return await readlink(path)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}
