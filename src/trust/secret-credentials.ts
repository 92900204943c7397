/**
 * Where a router or an agent has its certificate from: the Secret of that name, read through the API and followed.
 */
import { Resource } from '../api/resources.ts'
import { TrustKey } from '../api/trust.ts'
import type { Startable } from '../core/lifecycle.ts'
import { type NamedDeps, reflectNamed } from '../kube/named-object.ts'
import type { Reflected } from '../kube/reflector.ts'
import type { CredentialFiles, CredentialSource } from '../link/credential-source.ts'
import { requireText, type SecretObject, type SecretRef, secretText } from './secrets.ts'

/** Nothing until the Secret is there. What it held last holds while the API is away, or once it was deleted. */
export class SecretCredentials implements CredentialSource, Startable {
  readonly name: string
  readonly waits = true
  readonly #store: Reflected<SecretObject>
  readonly #ref: SecretRef

  constructor(deps: NamedDeps, ref: SecretRef) {
    this.#store = reflectNamed<SecretObject>(deps, Resource.secret, ref)
    this.#ref = ref
    this.name = `Secret ${ref.name}`
  }

  start(): Promise<void> {
    return this.#store.start()
  }

  stop(): Promise<void> {
    return this.#store.stop()
  }

  async read(): Promise<CredentialFiles | undefined> {
    const secret = this.#store.get(this.#ref)
    return secret === undefined ? undefined : credentialsIn(secret)
  }

  subscribe(hint: () => void): () => void {
    return this.#store.subscribe(hint)
  }
}

/** Throws TrustError naming the key that is missing. */
export function credentialsIn(secret: SecretObject): CredentialFiles {
  const trust = secretText(secret, TrustKey.statement)
  return {
    authority: requireText(secret, TrustKey.roots),
    certificate: requireText(secret, TrustKey.certificate),
    key: requireText(secret, TrustKey.key),
    ...(trust === undefined ? {} : { trust }),
  }
}
