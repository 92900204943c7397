/**
 * The key, the certificate and the authority of this process, read from a folder and read again when they change:
 * a mounted Secret changes by a symbolic link's swap, so contents are compared, not times.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { Cancel, Clock } from '../core/clock.ts'
import { describeError, UsageError } from '../core/errors.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import { certificateIdentity, type PeerIdentity, sameIdentity } from '../pki/identity.ts'
import { MAX_TLS_FILE, TLS_RELOAD_MS } from './limits.ts'
import { contextOptions } from './tls-options.ts'

/** Names of the files, as a Secret of type kubernetes.io/tls with its authority has them. */
export const TLS_FILES = { authority: 'ca.crt', certificate: 'tls.crt', key: 'tls.key' } as const

/** What one read of the folder gave; the three files are known to belong together. */
export interface TlsCredentials {
  readonly authority: string
  readonly certificate: string
  readonly key: string
  /** Who we are, by our own certificate. */
  readonly identity: PeerIdentity
  readonly context: SecureContext
}

/** Reads the folder once. Throws UsageError naming the file that is missing or wrong. */
export async function readTlsFiles(dir: string): Promise<TlsCredentials> {
  const [authority, certificate, key] = await Promise.all([
    readSmall(join(dir, TLS_FILES.authority)),
    readSmall(join(dir, TLS_FILES.certificate)),
    readSmall(join(dir, TLS_FILES.key)),
  ])
  try {
    return credentialsOf(authority, certificate, key)
  } catch (cause) {
    throw new UsageError(`the TLS files in ${dir} cannot be used`, { cause })
  }
}

/** Credentials that follow the folder. Bad new files are reported once and the old ones stay. */
export class TlsFiles implements Startable {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #dir: string
  readonly #listeners = new Set<(credentials: TlsCredentials) => void>()
  #credentials: TlsCredentials | undefined
  #cancel: Cancel | undefined
  #lastFailure = ''

  constructor(deps: { readonly clock: Clock; readonly logger: Logger }, dir: string) {
    this.#clock = deps.clock
    this.#logger = deps.logger
    this.#dir = dir
  }

  /** The present credentials; only after `start`. */
  current(): TlsCredentials {
    if (this.#credentials === undefined) throw new UsageError('TLS files were not read yet')
    return this.#credentials
  }

  /** Calls `listener` when the files have changed. Returns the way to stop. */
  onChange(listener: (credentials: TlsCredentials) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async start(): Promise<void> {
    this.#credentials = await readTlsFiles(this.#dir)
    this.#cancel = this.#clock.every(TLS_RELOAD_MS, () => void this.reload())
  }

  async stop(): Promise<void> {
    this.#cancel?.()
  }

  /** Looks at the files now. */
  async reload(): Promise<void> {
    try {
      this.#take(await readTlsFiles(this.#dir))
      this.#lastFailure = ''
    } catch (error) {
      this.#reportOnce(describeError(error))
    }
  }

  #take(next: TlsCredentials): void {
    const present = this.current()
    if (sameFiles(next, present)) return
    if (!sameIdentity(next.identity, present.identity)) {
      throw new UsageError('the new certificate names another owner; restart to take it')
    }
    this.#credentials = next
    this.#logger.info({ dir: this.#dir }, 'TLS files reloaded')
    for (const listener of [...this.#listeners]) listener(next)
  }

  #reportOnce(failure: string): void {
    if (failure === this.#lastFailure) return
    this.#lastFailure = failure
    this.#logger.warn({ dir: this.#dir, error: failure }, 'changed TLS files are not taken')
  }
}

function credentialsOf(authority: string, certificate: string, key: string): TlsCredentials {
  const leaf = new X509Certificate(certificate)
  if (!leaf.checkPrivateKey(createPrivateKey(key))) {
    throw new UsageError(`${TLS_FILES.key} is not the key of ${TLS_FILES.certificate}`)
  }
  const context = createSecureContext(contextOptions({ authority, certificate, key }))
  return { authority, certificate, key, identity: certificateIdentity(leaf), context }
}

function sameFiles(a: TlsCredentials, b: TlsCredentials): boolean {
  return a.authority === b.authority && a.certificate === b.certificate && a.key === b.key
}

async function readSmall(path: string): Promise<string> {
  try {
    const bytes = await readFile(path)
    if (bytes.length <= MAX_TLS_FILE) return bytes.toString('utf8')
  } catch (cause) {
    throw new UsageError(`${path} cannot be read`, { cause })
  }
  throw new UsageError(`${path} is longer than ${MAX_TLS_FILE} bytes`)
}
