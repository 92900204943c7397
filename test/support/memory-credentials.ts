/** Credentials that a test hands in when it likes. */
import type { CredentialFiles, CredentialSource } from '../../src/link/credential-source.ts'

export class MemoryCredentials implements CredentialSource {
  readonly name = 'the test'
  readonly waits = true
  readonly kept: string[] = []
  readonly #hints = new Set<() => void>()
  #files: CredentialFiles | undefined

  constructor(files?: CredentialFiles) {
    this.#files = files
  }

  set(files: CredentialFiles): void {
    this.#files = files
    for (const hint of [...this.#hints]) hint()
  }

  async read(): Promise<CredentialFiles | undefined> {
    return this.#files
  }

  subscribe(hint: () => void): () => void {
    this.#hints.add(hint)
    return () => this.#hints.delete(hint)
  }

  async keepTrust(trust: string): Promise<void> {
    this.kept.push(trust)
  }
}
