/**
 * The Secret in which the files of open invites are, one under each invite's name: what `fairlead invite` prints.
 */
import { JoinSecret } from '../../api/invite.ts'
import { Resource } from '../../api/resources.ts'
import { isAlreadyExists, isNotFound } from '../../kube/errors.ts'
import type { KubeClient } from '../../kube/types.ts'
import { readSecret, type SecretObject, secretText } from '../secrets.ts'

type FilesClient = Pick<KubeClient, 'get' | 'create' | 'patch'>

export class InviteFiles {
  readonly #client: FilesClient
  readonly #ref: { readonly namespace: string; readonly name: string }

  constructor(client: FilesClient, namespace: string) {
    this.#client = client
    this.#ref = { namespace, name: JoinSecret.invites }
  }

  async put(invite: string, text: string): Promise<void> {
    const data = { [invite]: Buffer.from(text).toString('base64') }
    if (await this.#patch(data)) return
    try {
      await this.#client.create<SecretObject>(Resource.secret, { ...this.#empty(), data })
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      await this.#patch(data)
    }
  }

  /** Nobody can be let in by it any more. */
  async remove(invite: string): Promise<void> {
    const secret = await readSecret(this.#client, this.#ref)
    if (secret?.data?.[invite] !== undefined) await this.#patch({ [invite]: null })
  }

  /** False when there is no such Secret. */
  async #patch(data: Readonly<Record<string, string | null>>): Promise<boolean> {
    try {
      await this.#client.patch(Resource.secret, this.#ref, 'merge', { data })
      return true
    } catch (error) {
      if (isNotFound(error)) return false
      throw error
    }
  }

  #empty(): SecretObject {
    const labels = { 'app.kubernetes.io/part-of': 'fairlead' }
    return { metadata: { ...this.#ref, labels }, type: 'Opaque' }
  }
}

/** The file of an invite; undefined when it is not there, or not any more. */
export async function readInviteFile(
  client: Pick<KubeClient, 'get'>,
  namespace: string,
  invite: string,
): Promise<string | undefined> {
  const secret = await readSecret(client, { namespace, name: JoinSecret.invites })
  return secret === undefined ? undefined : secretText(secret, invite)
}
