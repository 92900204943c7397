/**
 * Credentials that Links refer to, read from Kubernetes for each attempt to dial, so that a changed Secret holds at
 * once. What was last read serves while the API is away. Values go to who asks and nowhere else.
 */
import type { SecretKey } from '../api/link.ts'
import type { KubeObject } from '../api/objects.ts'
import { Resource } from '../api/resources.ts'
import type { Clock } from '../core/clock.ts'
import { describeError } from '../core/errors.ts'
import { within } from '../core/lifecycle.ts'
import { ApiError } from '../kube/errors.ts'
import type { KubeClient } from '../kube/types.ts'
import { SECRET_MAX_BYTES, SECRET_TIMEOUT_MS, SECRETS_MAX } from './limits.ts'
import { InvalidSpecError } from './spec-fields.ts'

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
}

export interface LinkSecretsDeps {
  readonly client: Pick<KubeClient, 'get'>
  readonly clock: Clock
}

export class LinkSecrets {
  readonly #deps: LinkSecretsDeps
  readonly #namespace: string
  readonly #known = new Map<string, string>()

  /** `namespace` is where the Links are. */
  constructor(deps: LinkSecretsDeps, namespace: string) {
    this.#deps = deps
    this.#namespace = namespace
  }

  /** Throws InvalidSpecError with what to mend; the API's answer counts, its absence does not. */
  async read(wanted: SecretKey, signal: AbortSignal): Promise<string> {
    const name = `${wanted.name}/${wanted.key}`
    let secret: Secret | undefined
    try {
      secret = await this.#get(wanted.name)
    } catch (error) {
      signal.throwIfAborted()
      const known = this.#known.get(name)
      if (known !== undefined && !isForbidden(error)) return known
      throw unreadable(wanted, error)
    }
    const value = valueIn(secret, wanted)
    if (this.#known.size >= SECRETS_MAX && !this.#known.has(name)) this.#known.clear()
    this.#known.set(name, value)
    return value
  }

  async #get(name: string): Promise<Secret | undefined> {
    const { client, clock } = this.#deps
    const asked = client.get<Secret>(Resource.secret, { namespace: this.#namespace, name })
    return await within(asked, SECRET_TIMEOUT_MS, `reading Secret ${name}`, clock)
  }
}

function isForbidden(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 401 || error.status === 403)
}

function unreadable({ name }: SecretKey, cause: unknown): InvalidSpecError {
  const hint = isForbidden(cause) ? 'the router may not read it; see docs/links.md' : describeError(cause)
  return new InvalidSpecError(`Secret ${name} cannot be read: ${hint}`)
}

function valueIn(secret: Secret | undefined, { name, key }: SecretKey): string {
  if (secret === undefined) throw new InvalidSpecError(`Secret ${name} does not exist`)
  const encoded = secret.data?.[key]
  if (encoded === undefined) throw new InvalidSpecError(`Secret ${name} has no key ${key}`)
  // A file that was made by an editor ends with a line end.
  const value = Buffer.from(encoded, 'base64')
    .toString('utf8')
    .replace(/\r?\n$/, '')
  const isGood = Buffer.byteLength(value) <= SECRET_MAX_BYTES && /^[^:\p{Cc}]+:\P{Cc}*$/u.test(value)
  if (!isGood) throw new InvalidSpecError(`Secret ${name}, key ${key}: the value is not user:password`)
  return value
}
