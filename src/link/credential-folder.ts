/**
 * Credentials in a folder. A mounted Secret changes by a symbolic link's swap, so it is read again, not watched.
 */
import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode, UsageError } from '../core/errors.ts'
import { type CredentialFiles, type CredentialSource, TLS_FILES, TRUST_FILE } from './credential-source.ts'
import { MAX_TLS_FILE } from './limits.ts'

export class CredentialFolder implements CredentialSource {
  readonly waits = false
  readonly #dir: string

  constructor(dir: string) {
    this.#dir = dir
  }

  get name(): string {
    return `the folder ${this.#dir}`
  }

  /** Throws UsageError naming the file that is missing or too long. */
  async read(): Promise<CredentialFiles> {
    const [authority, certificate, key, trust] = await Promise.all([
      this.#read(TLS_FILES.authority),
      this.#read(TLS_FILES.certificate),
      this.#read(TLS_FILES.key),
      this.#readTrust(),
    ])
    return { authority, certificate, key, ...(trust === undefined ? {} : { trust }) }
  }

  /** Swapped in whole: a reader sees the old statement or the new one. */
  async keepTrust(trust: string): Promise<void> {
    const path = join(this.#dir, TRUST_FILE)
    const fresh = `${path}.${randomUUID()}`
    try {
      await writeFile(fresh, trust, { mode: 0o600 })
      await rename(fresh, path)
    } catch (cause) {
      await rm(fresh, { force: true }).catch(() => {}) // What counts is why it could not be written.
      throw new UsageError(`${path} cannot be written`, { cause })
    }
  }

  async #readTrust(): Promise<string | undefined> {
    try {
      return await this.#read(TRUST_FILE)
    } catch (error) {
      if (error instanceof UsageError && errorCode(error.cause) === 'ENOENT') return undefined
      throw error
    }
  }

  async #read(file: string): Promise<string> {
    const path = join(this.#dir, file)
    try {
      const bytes = await readFile(path)
      if (bytes.length <= MAX_TLS_FILE) return bytes.toString('utf8')
    } catch (cause) {
      throw new UsageError(`${path} cannot be read`, { cause })
    }
    throw new UsageError(`${path} is longer than ${MAX_TLS_FILE} bytes`)
  }
}
