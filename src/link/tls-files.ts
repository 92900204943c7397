/**
 * The key, the certificate and the roots of this process, read from their source and read again when they change.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { Cancel, Clock } from '../core/clock.ts'
import { describeError, UsageError } from '../core/errors.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import type { Metrics } from '../core/metrics.ts'
import { certificateIdentity, type PeerIdentity, sameIdentity } from '../pki/identity.ts'
import { type CredentialFiles, type CredentialSource, TLS_FILES } from './credential-source.ts'
import { LinkLostError } from './errors.ts'
import { TLS_RELOAD_MS } from './limits.ts'
import { contextOptions } from './tls-options.ts'
import { TrustStore } from './trust-store.ts'

/** What is used: key and certificate belong together, and `authority` holds all roots that are trusted. */
export interface TlsCredentials extends CredentialFiles {
  /** Who we are, by our own certificate. */
  readonly identity: PeerIdentity
  readonly context: SecureContext
}

export interface TlsFilesDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics?: Metrics
}

/** Credentials that follow their source. Bad new ones are reported once and the old ones stay. */
export class TlsFiles implements Startable {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #source: CredentialSource
  /** Whom we trust; follows the source, and whoever offers a newer statement. */
  readonly trust: TrustStore
  readonly #listeners = new Set<(credentials: TlsCredentials) => void>()
  readonly #present = Promise.withResolvers<TlsCredentials>()
  #credentials: TlsCredentials | undefined
  #files: CredentialFiles | undefined
  /** The trust statement as the source has it. */
  #stored: string | undefined
  #started: Promise<void> | undefined
  #unfollow: Cancel = () => {}
  #lastFailure = ''
  #reading: Promise<void> | undefined
  #isStale = false

  constructor(deps: TlsFilesDeps, source: CredentialSource) {
    this.#clock = deps.clock
    this.#logger = deps.logger
    this.#source = source
    this.trust = new TrustStore(deps)
    this.trust.anchors.subscribe(() => this.#followRoots())
    this.trust.newest.subscribe((signed) => void this.#keep(JSON.stringify(signed)))
    this.#present.promise.catch(() => {}) // Whoever waits for them is told; nobody may wait.
  }

  /** The present credentials. Throws UsageError while there are none. */
  current(): TlsCredentials {
    if (this.#credentials === undefined) throw new UsageError(`${this.#source.name} has no certificate yet`)
    return this.#credentials
  }

  /** Resolves with the first credentials; rejects with LinkLostError when stopped before. */
  get whenPresent(): Promise<TlsCredentials> {
    return this.#present.promise
  }

  /** What is waited for, in words; empty once there are credentials. */
  notReady(): string[] {
    return this.#credentials === undefined ? ['waits for its certificate'] : []
  }

  /** Calls `listener` when there are first or other credentials. Returns the way to stop. */
  onChange(listener: (credentials: TlsCredentials) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Once, however often it is called. Throws UsageError when a source that does not wait has nothing good. */
  start(): Promise<void> {
    this.#started ??= this.#start()
    return this.#started
  }

  async stop(): Promise<void> {
    this.#unfollow()
    this.#present.reject(new LinkLostError('stopped before there was a certificate'))
  }

  /** Reads the source now; what a read that is under way may have missed is read after it. */
  reload(): Promise<void> {
    this.#isStale = true
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #readAll(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false
      await this.#readOrReport()
    }
  }

  async #readOrReport(): Promise<void> {
    try {
      await this.#read()
      this.#lastFailure = ''
    } catch (error) {
      this.#reportOnce(describeError(error))
    }
  }

  async #start(): Promise<void> {
    const source = this.#source
    if (source.waits) await this.reload()
    else await this.#read()
    this.#unfollow =
      source.subscribe?.(() => void this.reload()) ??
      this.#clock.every(TLS_RELOAD_MS, () => void this.reload())
    // What changed between the first read and the subscription.
    if (source.subscribe !== undefined) await this.reload()
  }

  async #read(): Promise<void> {
    const files = await this.#source.read()
    if (files === undefined) return
    if (!sameFiles(files, this.#files)) this.#take(files)
    if (files.trust !== undefined && files.trust !== this.#stored) this.#loadTrust(files.trust)
  }

  #take(files: CredentialFiles): void {
    const { identity } = this.#check(files)
    const present = this.#credentials
    if (present !== undefined && !sameIdentity(identity, present.identity)) {
      throw new UsageError('the new certificate names another owner; restart to take it')
    }
    this.trust.setOwn(identity, files.certificate, files.authority)
    this.#files = files
    if (present !== undefined) this.#logger.info({ source: this.#source.name }, 'TLS files reloaded')
    this.#publish(files)
  }

  #check(files: CredentialFiles): TlsCredentials {
    try {
      return credentialsOf(files)
    } catch (cause) {
      throw new UsageError(`the TLS files in ${this.#source.name} cannot be used`, { cause })
    }
  }

  /** A process goes on by its certificate when the statement beside it is broken. */
  #loadTrust(text: string): void {
    try {
      this.#stored = text
      this.trust.load(text)
    } catch (error) {
      this.#reportOnce(describeError(error))
    }
  }

  /** A statement may have brought a root, or taken one away. */
  #followRoots(): void {
    if (this.#files !== undefined && this.#credentials?.authority !== this.trust.bundle)
      this.#publish(this.#files)
  }

  #publish(files: CredentialFiles): void {
    const next = this.#check({ ...files, authority: this.trust.bundle })
    this.#credentials = next
    this.#present.resolve(next)
    for (const listener of [...this.#listeners]) listener(next)
  }

  /** So that it is in force after a restart as well, before anybody tells it. */
  async #keep(text: string): Promise<void> {
    if (text === this.#stored) return
    this.#stored = text
    try {
      await this.#source.keepTrust?.(text)
    } catch (error) {
      this.#logger.warn(
        { error: describeError(error) },
        'the trust statement is kept in memory only: after a restart it holds once a peer has told it',
      )
    }
  }

  #reportOnce(failure: string): void {
    if (failure === this.#lastFailure) return
    this.#lastFailure = failure
    this.#logger.warn({ source: this.#source.name, error: failure }, 'TLS files are not taken')
  }
}

function credentialsOf(files: CredentialFiles): TlsCredentials {
  const leaf = new X509Certificate(files.certificate)
  if (!leaf.checkPrivateKey(createPrivateKey(files.key))) {
    throw new UsageError(`${TLS_FILES.key} is not the key of ${TLS_FILES.certificate}`)
  }
  const context = createSecureContext(contextOptions(files))
  return { ...files, identity: certificateIdentity(leaf), context }
}

function sameFiles(a: CredentialFiles, b: CredentialFiles | undefined): boolean {
  return a.authority === b?.authority && a.certificate === b.certificate && a.key === b.key
}
