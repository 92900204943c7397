/** ConfigMaps, Secrets and tokens of one pod's namespace, for its volumes and variables. */

import type { KubeObject } from '../../api/objects.ts'
import { Resource } from '../../api/resources.ts'
import type { KubeClient, Store } from '../../kube/types.ts'
import type { ConfigMap, LabPod, Secret } from './pod.ts'
import type { TokenSource } from './token-source.ts'
import type { TokenRequest, VolumeSource } from './volume-files.ts'

export interface ClusterConfigSourceDeps {
  readonly client: KubeClient
  readonly configMaps: Store<ConfigMap>
  readonly secrets: Store<Secret>
  readonly tokens: TokenSource
}

type Data = Readonly<Record<string, Buffer>>

export class ClusterConfigSource implements VolumeSource {
  readonly #deps: ClusterConfigSourceDeps
  readonly #pod: LabPod

  constructor(deps: ClusterConfigSourceDeps, pod: LabPod) {
    this.#deps = deps
    this.#pod = pod
  }

  async configMap(name: string): Promise<Data | undefined> {
    const found = await this.#find(this.#deps.configMaps, Resource.configMap, name)
    return found && { ...decode(found.data, 'utf8'), ...decode(found.binaryData, 'base64') }
  }

  async secret(name: string): Promise<Data | undefined> {
    const found = await this.#find(this.#deps.secrets, Resource.secret, name)
    return found && decode(found.data, 'base64')
  }

  async token(request: TokenRequest): Promise<string> {
    return await this.#deps.tokens.token(this.#pod, request)
  }

  /** What was applied together with the pod may not have come by the watch yet. */
  async #find<T extends KubeObject>(
    store: Store<T>,
    type: (typeof Resource)['configMap'],
    name: string,
  ): Promise<T | undefined> {
    const ref = { namespace: this.#pod.metadata.namespace ?? 'default', name }
    return store.get(ref) ?? (await this.#deps.client.get<T>(type, ref))
  }
}

function decode(
  data: Readonly<Record<string, string>> | undefined,
  encoding: BufferEncoding,
): Record<string, Buffer> {
  return Object.fromEntries(
    Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, encoding)]),
  )
}
