/**
 * Revoking a cluster: by the Trust of the cluster that founded the clusterset, or, where the root is in a folder, by a
 * statement that is signed here and put into the authority's Secret of any member, whose controller tells it to all.
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Trust, TrustSecret } from '../../api/trust.ts'
import { UsageError } from '../../core/errors.ts'
import type { KeyPair } from '../../pki/certificates.ts'
import { readCertificates } from '../../pki/chain.ts'
import { ROOT_FILES } from '../../pki/clusterset-root.ts'
import { StatementReader, signStatement, type TrustStatement } from '../../pki/trust-statement.ts'
import {
  type AuthorityMaterial,
  authorityMaterial,
  authorityOwner,
  saveAuthority,
} from '../../trust/authority-secret.ts'
import { revokeCluster } from '../../trust/revocations.ts'
import { readSecret } from '../../trust/secrets.ts'
import type { Member } from '../member.ts'
import { presentTrust } from './present-trust.ts'

export interface Revoking {
  readonly cluster: string
  /** Folder of the root. Absent: it is in this cluster. */
  readonly pki?: string | undefined
  /** Milliseconds since 1970: what the cluster got until then is void. */
  readonly at: number
}

/** Who may be revoked from here, checked before anybody is asked. Throws UsageError. */
export async function requireRevocable(
  member: Member,
  { cluster, pki }: Pick<Revoking, 'cluster' | 'pki'>,
): Promise<Trust> {
  const trust = await presentTrust(member)
  if (trust === undefined) throw new UsageError('this cluster has no Trust: run "fairlead install" first')
  if (pki === undefined && trust.spec?.found !== true)
    throw new UsageError(
      'this cluster has not founded its clusterset: revoke where the root is, or give its folder with --pki DIR',
    )
  if (pki !== undefined && !existsSync(join(pki, ROOT_FILES.key)))
    throw new UsageError(`${pki} holds no root key`)
  if (trust.status?.cluster === cluster)
    throw new UsageError(`${cluster} is this cluster itself: "fairlead leave" takes it out of its clusterset`)
  return trust
}

/** Resolves with the version of the trust statement from which on it is in force; undefined: the next one. */
export async function revoke(member: Member, { cluster, pki, at }: Revoking): Promise<number | undefined> {
  if (pki === undefined) {
    await revokeCluster(
      { client: member.client, namespace: member.systemNamespace },
      cluster,
      new Date(at).toISOString(),
    )
    return undefined
  }
  return await revokeOffline(member, { cluster, pki, at })
}

async function revokeOffline(
  { client, systemNamespace: namespace }: Member,
  { cluster, pki, at }: Revoking & { readonly pki: string },
): Promise<number> {
  const secret = await readSecret(client, { namespace, name: TrustSecret.authority })
  if (secret === undefined) throw new UsageError('this cluster is no member of a clusterset')
  const material = authorityMaterial(secret)
  const root = await readRoot(pki)
  const statement = nextStatement(material, root, { cluster, at })
  const text = JSON.stringify(signStatement(statement, [root]))
  const roots = material.roots.includes(root.certPem.trim()) ? material.roots : root.certPem + material.roots
  await saveAuthority(client, namespace, { ...material, roots, statement: text }, secret)
  return statement.version
}

/** What is in force, and the cluster among the revoked ones. Pure. */
export function nextStatement(
  material: AuthorityMaterial,
  root: KeyPair,
  { cluster, at }: { readonly cluster: string; readonly at: number },
): TrustStatement {
  const { clusterset } = authorityOwner(material)
  const present = presentStatement(material, clusterset)
  const others = (present?.revoked ?? []).filter((each) => each.cluster !== cluster)
  return {
    clusterset,
    version: (present?.version ?? 0) + 1,
    roots: present?.roots ?? [root.certPem],
    revoked: [...others, { cluster, at }].sort((a, b) => (a.cluster < b.cluster ? -1 : 1)),
  }
}

function presentStatement(
  { statement, roots }: AuthorityMaterial,
  clusterset: string,
): TrustStatement | undefined {
  if (statement === undefined) return undefined
  const reader = new StatementReader()
  return reader.read(reader.decode(statement), { clusterset, roots: readCertificates(roots) })
}

async function readRoot(dir: string): Promise<KeyPair> {
  const [certPem, keyPem] = await Promise.all([
    readFile(join(dir, ROOT_FILES.certificate), 'utf8'),
    readFile(join(dir, ROOT_FILES.key), 'utf8'),
  ])
  return { certPem, keyPem }
}
