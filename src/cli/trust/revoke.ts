/**
 * Revoking a cluster: by the Trust of the cluster that founded the clusterset, or, where the root is in a folder, by a
 * statement that is signed here and put into the authority's Secret of any member, whose controller tells it to all.
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Trust, TrustSecret } from '../../api/trust.ts'
import { describeError, UsageError } from '../../core/errors.ts'
import type { KeyPair } from '../../pki/certificates.ts'
import { readCertificates } from '../../pki/chain.ts'
import { keepStatement, ROOT_FILES } from '../../pki/clusterset-root.ts'
import {
  type Revocation,
  StatementReader,
  signStatement,
  type TrustStatement,
} from '../../pki/trust-statement.ts'
import { authorityMaterial, authorityOwner, saveAuthority } from '../../trust/authority-secret.ts'
import { revokeCluster } from '../../trust/revocations.ts'
import { readSecret } from '../../trust/secrets.ts'
import { knownStatement } from '../install/readmission.ts'
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

/** What was done. */
export interface Revoked {
  /** Of the trust statement from which on it is in force; undefined: the next one. */
  readonly version?: number
  /** Why the folder of the root does not know of it, where it does not. */
  readonly unkept?: string
}

export async function revoke(member: Member, { cluster, pki, at }: Revoking): Promise<Revoked> {
  if (pki === undefined) {
    await revokeCluster(
      { client: member.client, namespace: member.systemNamespace },
      cluster,
      new Date(at).toISOString(),
    )
    return {}
  }
  return await revokeOffline(member, { cluster, pki, at })
}

async function revokeOffline(
  { client, systemNamespace: namespace }: Member,
  { cluster, pki, at }: Revoking & { readonly pki: string },
): Promise<Revoked> {
  const secret = await readSecret(client, { namespace, name: TrustSecret.authority })
  if (secret === undefined) throw new UsageError('this cluster is no member of a clusterset')
  const material = authorityMaterial(secret)
  const root = await readRoot(pki)
  const roots = material.roots.includes(root.certPem.trim()) ? material.roots : root.certPem + material.roots
  const { clusterset } = authorityOwner(material)
  const present = readable(material.statement, clusterset, roots)
  const known = await knownStatement(pki, { clusterset, roots }, present)
  const statement = nextStatement(known?.said, { clusterset, root, cluster, at })
  const text = JSON.stringify(signStatement(statement, [root]))
  await saveAuthority(client, namespace, { ...material, roots, statement: text }, secret)
  return { version: statement.version, ...(await keep(pki, text)) }
}

/** Throws SignatureError when it is not: what it says must not be lost by the next one. */
function readable(text: string | undefined, clusterset: string, roots: string): string | undefined {
  if (text === undefined) return undefined
  const reader = new StatementReader()
  reader.read(reader.decode(text), { clusterset, roots: readCertificates(roots) })
  return text
}

/** For whoever lets a cluster in again, from this folder. A revocation does not fail for it. */
async function keep(pki: string, text: string): Promise<Pick<Revoked, 'unkept'>> {
  try {
    await keepStatement(pki, text)
    return {}
  } catch (error) {
    return { unkept: describeError(error) }
  }
}

/** What is in force, and the cluster among the revoked ones. Pure. */
export function nextStatement(
  present: TrustStatement | undefined,
  { clusterset, root, cluster, at }: Revocation & { readonly clusterset: string; readonly root: KeyPair },
): TrustStatement {
  const others = (present?.revoked ?? []).filter((each) => each.cluster !== cluster)
  return {
    clusterset,
    version: (present?.version ?? 0) + 1,
    roots: present?.roots ?? [root.certPem],
    revoked: [...others, { cluster, at }].sort((a, b) => (a.cluster < b.cluster ? -1 : 1)),
  }
}

async function readRoot(dir: string): Promise<KeyPair> {
  const [certPem, keyPem] = await Promise.all([
    readFile(join(dir, ROOT_FILES.certificate), 'utf8'),
    readFile(join(dir, ROOT_FILES.key), 'utf8'),
  ])
  return { certPem, keyPem }
}
