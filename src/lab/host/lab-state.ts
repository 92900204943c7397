/** Removing what labs write to their state folder. */
import { rm, rmdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errorCode } from '../../core/errors.ts'
import type { LabFiles } from '../layout.ts'

/** Removes what labs write and nothing else: the folder may be the user's own. */
export async function removeLabFiles(files: LabFiles): Promise<void> {
  const clusters = dirname(files.cluster('any').folder)
  const written = [
    files.config,
    files.controlSocket,
    files.kubeconfig,
    files.log,
    files.nsswitchConf,
    files.memory,
    files.pki,
    clusters,
  ]
  await Promise.all(written.map((path) => rm(path, { recursive: true, force: true })))
}

/** The same, and the folder itself when nothing else is in it. */
export async function removeLabState(files: LabFiles): Promise<void> {
  await removeLabFiles(files)
  try {
    await rmdir(files.state)
  } catch (error) {
    if (!['ENOTEMPTY', 'EBUSY', 'ENOENT'].includes(errorCode(error) ?? '')) throw error
  }
}
