/**
 * The root of a clusterset in a folder: ca.crt, and ca.key that only its owner may read.
 */
import { mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '../core/errors.ts'
import { createAuthority, issueCertificate, type KeyPair } from './certificates.ts'
import { PkiError } from './errors.ts'
import { formatIdentity, type PeerIdentity, requireClusterset } from './identity.ts'
import { MAX_COMMON_NAME } from './limits.ts'

/** Names of the files in the folder. */
export const ROOT_FILES = { certificate: 'ca.crt', key: 'ca.key' } as const

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
