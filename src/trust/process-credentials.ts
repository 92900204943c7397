/**
 * Where a process has its certificate from: a folder where one is given, else its Secret.
 */
import type { Startable } from '../core/lifecycle.ts'
import type { NamedDeps } from '../kube/named-object.ts'
import { CredentialFolder } from '../link/credential-folder.ts'
import type { CredentialSource } from '../link/credential-source.ts'
import { SecretCredentials } from './secret-credentials.ts'
import type { SecretRef } from './secrets.ts'

export interface ProcessCredentials {
  readonly source: CredentialSource
  /** To be started before the source is read. */
  readonly parts: readonly Startable[]
}

export function processCredentials(
  deps: NamedDeps,
  ref: SecretRef,
  tlsDir: string | undefined,
): ProcessCredentials {
  if (tlsDir !== undefined) return { source: new CredentialFolder(tlsDir), parts: [] }
  const source = new SecretCredentials(deps, ref)
  return { source, parts: [source] }
}
