/**
 * The root of a clusterset in a folder: ca.crt, ca.key that only its owner may read, and trust.json, the newest trust
 * statement that was signed with it, once there is one.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '../core/errors.ts'
import { createAuthority, issueCertificate, type KeyPair } from './certificates.ts'
import { secondAfter } from './cluster-authority.ts'
import { PkiError } from './errors.ts'
import { formatIdentity, type PeerIdentity, requireClusterset } from './identity.ts'
import { MAX_COMMON_NAME } from './limits.ts'

/** Names of the files in the folder. */
export const ROOT_FILES = { certificate: 'ca.crt', key: 'ca.key', statement: 'trust.json' } as const

export interface RootConfig {
  /** Folder of the two files; made when missing. */
  readonly dir: string
  readonly clusterset: string
  /** Life of a root that has to be made. */
  readonly days: number
}

export interface LeafRequest extends PeerIdentity {
  /** Names and addresses the process is dialled by. */
  readonly dnsNames: readonly string[]
  readonly ips?: readonly string[]
  /** Default 365 days. */
  readonly days?: number
  /** When the cluster of that id was revoked, milliseconds since 1970: the certificate begins after that. */
  readonly revokedAt?: number | undefined
}

/** The root in the folder, made first when the folder holds none. Half a root is an error, never overwritten. */
export async function loadOrCreateRoot(config: RootConfig): Promise<KeyPair> {
  requireClusterset(config.clusterset)
  await mkdir(config.dir, { recursive: true })
  const certPem = await readIfPresent(join(config.dir, ROOT_FILES.certificate))
  const keyPem = await readIfPresent(join(config.dir, ROOT_FILES.key))
  if (certPem !== undefined && keyPem !== undefined) return { certPem, keyPem }
  if (certPem !== undefined || keyPem !== undefined) {
    throw new PkiError(`${config.dir} holds only one of ${ROOT_FILES.certificate} and ${ROOT_FILES.key}`)
  }
  return createRootIn(config)
}

/** The newest trust statement that the folder knows, as text, not checked; undefined where there is none. Throws PkiError when it cannot be read. */
export function keptStatement(dir: string): Promise<string | undefined> {
  return readIfPresent(join(dir, ROOT_FILES.statement))
}

/** Keeps a trust statement in the place of an older one. Throws PkiError when the folder cannot be written. */
export async function keepStatement(dir: string, text: string): Promise<void> {
  const path = join(dir, ROOT_FILES.statement)
  const fresh = `${path}.${randomUUID()}`
  try {
    await writeFile(fresh, text, { mode: 0o644 })
    await rename(fresh, path)
  } catch (cause) {
    await rm(fresh, { force: true }).catch(() => {}) // What counts is why it could not be written.
    throw new PkiError(`${path} cannot be written`, { cause })
  }
}

/** A root that is not stored anywhere yet. */
export function createRoot(
  { clusterset, days }: Omit<RootConfig, 'dir'>,
  now = Date.now(),
): Promise<KeyPair> {
  return createAuthority(
    {
      commonName: `Clusterset ${clusterset}`.slice(0, MAX_COMMON_NAME),
      days,
      uris: [`spiffe://${requireClusterset(clusterset)}`],
    },
    now,
  )
}

/**
 * A certificate for one process of one cluster, good for dialling and for being dialled, signed by its cluster's authority
 * (whose certificate is shown after it) or by the root itself. `now`: milliseconds since 1970.
 */
export function issueLeaf(authority: KeyPair, request: LeafRequest, now = Date.now()): Promise<KeyPair> {
  return issueCertificate(
    authority,
    {
      commonName: `${request.role}.${request.cluster}`.slice(0, MAX_COMMON_NAME),
      dnsNames: request.dnsNames,
      ips: request.ips ?? [],
      uris: [formatIdentity(request)],
      usages: ['server', 'client'],
      days: request.days ?? DEFAULT_LEAF_DAYS,
      ...(request.revokedAt === undefined ? {} : { notBefore: secondAfter(request.revokedAt, now) }),
    },
    now,
  )
}

const DEFAULT_LEAF_DAYS = 365

async function createRootIn(config: RootConfig): Promise<KeyPair> {
  const root = await createRoot(config)
  await writeNew(join(config.dir, ROOT_FILES.key), root.keyPem, 0o600)
  await writeNew(join(config.dir, ROOT_FILES.certificate), root.certPem, 0o644)
  return root
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return undefined
    throw new PkiError(`${path} cannot be read`, { cause })
  }
}

/** Exclusive, so that two processes that make a root at once never mix their halves. */
async function writeNew(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode)
  try {
    await file.writeFile(text)
  } finally {
    await file.close()
  }
}
