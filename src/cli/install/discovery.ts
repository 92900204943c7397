/**
 * From the apiVersion and kind of an object to the path it lives at, as the API server tells it.
 */
import type { KubeObject } from '../../api/objects.ts'
import type { ResourceType } from '../../api/resources.ts'
import type { KubeClient } from '../../kube/types.ts'
import { InstallError } from './errors.ts'

interface ApiResourceList {
  readonly resources?: readonly {
    readonly name: string
    readonly kind: string
    readonly namespaced: boolean
  }[]
}

/** Finds the resource types of objects; each group version is asked for once. */
export class Discovery {
  readonly #client: KubeClient
  readonly #lists = new Map<string, Promise<ApiResourceList>>()

  constructor(client: KubeClient) {
    this.#client = client
  }

  async typeOf({ apiVersion = 'v1', kind = '' }: KubeObject): Promise<ResourceType> {
    const { resources = [] } = await this.#list(apiVersion)
    const found = resources.find((resource) => resource.kind === kind && !resource.name.includes('/'))
    if (found === undefined) throw new InstallError(`the cluster has no ${kind} in ${apiVersion}`)
    const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
    return { group, version, plural: found.name, kind, namespaced: found.namespaced }
  }

  #list(apiVersion: string): Promise<ApiResourceList> {
    const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
    const known = this.#lists.get(path)
    if (known !== undefined) return known
    const asked = this.#client.raw(path) as Promise<ApiResourceList>
    this.#lists.set(path, asked)
    return asked
  }
}
