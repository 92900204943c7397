/** Prepares the upper layer of a container's root, so that every mount point exists there before anything is mounted. */
import type { Stats } from 'node:fs'
import { chmod, chown, lstat, mkdir, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, normalize, sep } from 'node:path'
import { errorCode } from '../../core/errors.ts'
import { LabError } from '../errors.ts'

/** As many as the kernel follows (ELOOP). */
const MAX_LINKS = 40

/** Where `path` leads to on this machine, links followed as far as it exists. The rest is kept as it is. */
export async function resolvePath(path: string): Promise<string> {
  let pending = normalize(path).split(sep).filter(Boolean)
  let resolved = '/'
  let links = 0
  while (pending.length > 0) {
    const [name = '', ...rest] = pending
    const next = join(resolved, name)
    const target = await linkTarget(next)
    if (target === undefined) {
      resolved = next
      pending = rest
      continue
    }
    if (++links > MAX_LINKS) throw new LabError(`${path} has too many symbolic links`)
    if (target.startsWith('/')) resolved = '/'
    pending = [...target.split(sep).filter(Boolean), ...rest]
  }
  return resolved
}

/** Makes `target` (links resolved) in the layer `upper`; folders the machine has too look as they do there. */
export async function makeMountPoint(upper: string, target: string, kind: 'file' | 'folder'): Promise<void> {
  const folder = kind === 'folder' ? target : dirname(target)
  let path = ''
  for (const name of folder.split(sep).filter(Boolean)) {
    path = `${path}/${name}`
    await makeFolder(upper, path)
  }
  if (kind === 'file') await writeFile(join(upper, target), '')
}

/** Makes `path` (links resolved) in the layer `upper` a symbolic link to `target`. */
export async function makeLink(upper: string, path: string, target: string): Promise<void> {
  await makeMountPoint(upper, dirname(path), 'folder')
  await rm(join(upper, path), { force: true })
  await symlink(target, join(upper, path))
}

async function makeFolder(upper: string, path: string): Promise<void> {
  try {
    await mkdir(join(upper, path), { mode: 0o755 })
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return
    throw error
  }
  const original = await statIfAny(path)
  if (original === undefined) return
  await chmod(join(upper, path), original.mode & 0o7777)
  if (process.getuid?.() === 0) await chownIfMapped(join(upper, path), original)
}

/** In a user namespace the owner may be nobody we can name; the folder is then ours. */
async function chownIfMapped(path: string, { uid, gid }: Stats): Promise<void> {
  try {
    await chown(path, uid, gid)
  } catch (error) {
    if (!['EINVAL', 'EPERM'].includes(errorCode(error) ?? '')) throw error
  }
}

async function statIfAny(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    if (['ENOENT', 'EACCES', 'ENOTDIR'].includes(errorCode(error) ?? '')) return undefined
    throw error
  }
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : undefined
  } catch (error) {
    if (['ENOENT', 'EACCES', 'ENOTDIR'].includes(errorCode(error) ?? '')) return undefined
    throw error
  }
}
