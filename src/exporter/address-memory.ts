/**
 * Which addresses each derived Service of an endpoint had last: one that comes back, as the pods of a StatefulSet do,
 * should have them again. Only a wish, so that it may be forgotten with the process.
 */
import type { Service } from '../api/objects.ts'
import { clusterIps } from './derived-service.ts'
import { REMEMBERED_ADDRESSES } from './limits.ts'

export class AddressMemory {
  /** In order of last use. Of each Service no more than its addresses and their families. */
  readonly #services = new Map<string, Service>()
  readonly #max: number

  constructor(max = REMEMBERED_ADDRESSES) {
    this.#max = max
  }

  /** The Service is there with its addresses. */
  saw(service: Service): void {
    const clusterIPs = clusterIps(service)
    if (clusterIPs.length === 0) return
    const { namespace = '', name = '' } = service.metadata
    const { ipFamilies } = service.spec ?? {}
    const key = `${namespace}/${name}`
    this.#services.delete(key)
    const [oldest] = this.#services.keys()
    if (oldest !== undefined && this.#services.size >= this.#max) this.#services.delete(oldest)
    const spec = { clusterIPs, ...(ipFamilies === undefined ? {} : { ipFamilies }) }
    this.#services.set(key, { metadata: { namespace, name }, spec })
  }

  /** As it was when it was seen last. */
  lastOf(namespace: string, name: string): Service | undefined {
    return this.#services.get(`${namespace}/${name}`)
  }
}
