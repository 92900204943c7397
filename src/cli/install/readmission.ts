/**
 * Letting a cluster in again that was revoked, by whoever has the folder of the root: only where that is said, and by
 * certificates that begin after the revocation.
 */
import { UsageError } from '../../core/errors.ts'
import { readCertificates } from '../../pki/chain.ts'
import { keptStatement } from '../../pki/clusterset-root.ts'
import { revocationText, revocationTime, StatementReader } from '../../pki/trust-statement.ts'
import { type KnownStatement, newestStatement } from '../../trust/newest-statement.ts'

/**
 * The newest of the statements that the folder of the root and a cluster have: the cluster may not have heard, or be a new
 * one under an old id. `roots`: PEM.
 */
export async function knownStatement(
  dir: string,
  { clusterset, roots }: { readonly clusterset: string; readonly roots: string },
  present?: string,
): Promise<KnownStatement | undefined> {
  const trusted = { clusterset, roots: readCertificates(roots) }
  return newestStatement([present, await keptStatement(dir)], trusted, new StatementReader())
}

/** When a cluster was revoked, milliseconds since 1970; undefined when it was not. */
export function revocationOf(known: KnownStatement | undefined, cluster: string): number | undefined {
  return revocationTime(known?.said.revoked, cluster)
}

/** Throws UsageError where a cluster that is to get a certificate was revoked, and nobody said that it may come back. */
export function requireReadmission(
  known: KnownStatement | undefined,
  cluster: string,
  isReadmitted: boolean,
): void {
  if (isReadmitted || revocationOf(known, cluster) === undefined) return
  throw new UsageError(`${revocationText(known?.said, cluster)}: give --readmit to let it in again`)
}
