/**
 * What a joining cluster keeps in Secrets: the code it was given, and the key it made. Both go once it is a member.
 */
import { CODE_KEY, type JoinRequest, JoinSecret } from '../../api/invite.ts'
import type { SecretKey } from '../../api/link.ts'
import { Resource } from '../../api/resources.ts'
import { TrustKey } from '../../api/trust.ts'
import { isAlreadyExists, isForbidden } from '../../kube/errors.ts'
import type { KubeClient } from '../../kube/types.ts'
import { requestAuthority } from '../../pki/cluster-authority.ts'
import type { AuthorityIdentity } from '../../pki/identity.ts'
import { TrustError } from '../errors.ts'
import { readSecret, requireText, type SecretObject, secretText } from '../secrets.ts'

export type JoinSecretsClient = Pick<KubeClient, 'get' | 'create' | 'patch' | 'delete'>

export class JoinSecrets {
  readonly #client: JoinSecretsClient
  readonly #namespace: string

  constructor(client: JoinSecretsClient, namespace: string) {
    this.#client = client
    this.#namespace = namespace
  }

  /** Undefined when it is not there yet. Throws TrustError when it cannot be read. */
  async code(request: JoinRequest): Promise<string | undefined> {
    const { name, key } = codeSecret(request)
    try {
      const secret = await readSecret(this.#client, this.#ref(name))
      // A file that was made by an editor ends with a line end.
      return secret && secretText(secret, key)?.trim()
    } catch (cause) {
      if (!isForbidden(cause)) throw cause
      throw new TrustError(`the controller may not read Secret ${name}: use ${JoinSecret.code}`, { cause })
    }
  }

  /** The code has done its work. */
  async removeCode(request: JoinRequest): Promise<void> {
    const { name, key } = codeSecret(request)
    const secret = await readSecret(this.#client, this.#ref(name))
    if (secret?.data?.[key] === undefined) return
    const isLast = Object.keys(secret.data).length === 1
    if (isLast) await this.#delete(secret)
    else await this.#client.patch(Resource.secret, this.#ref(name), 'merge', { data: { [key]: null } })
  }

  /** A request for the authority of `identity`, with the key that is kept: whoever comes again with it is known. */
  async authorityRequest(identity: AuthorityIdentity): Promise<{ requestPem: string; keyPem: string }> {
    const present = await this.keptKey()
    if (present !== undefined) return await requestAuthority(identity, present)
    const made = await requestAuthority(identity)
    return (await this.#keep(made.keyPem)) ? made : await this.authorityRequest(identity)
  }

  async removeKey(): Promise<void> {
    const secret = await readSecret(this.#client, this.#ref(JoinSecret.key))
    if (secret !== undefined) await this.#delete(secret)
  }

  /** The key that was made for joining; undefined when there is none. */
  async keptKey(): Promise<string | undefined> {
    const secret = await readSecret(this.#client, this.#ref(JoinSecret.key))
    return secret && requireText(secret, TrustKey.key)
  }

  /** False when somebody else made one meanwhile. */
  async #keep(keyPem: string): Promise<boolean> {
    const secret: SecretObject = {
      metadata: { ...this.#ref(JoinSecret.key), labels: { 'app.kubernetes.io/part-of': 'fairlead' } },
      type: 'Opaque',
      data: { [TrustKey.key]: Buffer.from(keyPem).toString('base64') },
    }
    try {
      await this.#client.create(Resource.secret, secret)
      return true
    } catch (error) {
      if (isAlreadyExists(error)) return false
      throw error
    }
  }

  async #delete({ metadata: { name = '', uid } }: SecretObject): Promise<void> {
    await this.#client.delete(Resource.secret, this.#ref(name), uid === undefined ? {} : { uid })
  }

  #ref(name: string): { readonly namespace: string; readonly name: string } {
    return { namespace: this.#namespace, name }
  }
}

/** Where the code of a request is. */
export function codeSecret({ spec }: JoinRequest): SecretKey {
  return spec.codeSecret ?? { name: JoinSecret.code, key: CODE_KEY }
}
