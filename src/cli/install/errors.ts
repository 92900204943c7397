/**
 * What can go wrong when fairlead is put into a cluster or taken out.
 */
import { FairleadError, type FairleadErrorOptions } from '../../core/errors.ts'

/** The manifests, or what the cluster holds, do not allow the command to go on. */
export class InstallError extends FairleadError {
  override readonly name = 'InstallError'

  constructor(message: string, options: FairleadErrorOptions = {}) {
    super('install', message, options)
  }
}

/** The cluster knows none of our kinds; `cause` says so. */
export function notInstalled(cause: unknown): InstallError {
  return new InstallError('fairlead is not installed in this cluster: run "fairlead install" first', {
    cause,
  })
}
