/** Tells users the addresses of LoadBalancer Services: all nodes', in their families, once the first node's rules are in force. */
import { isIPv6 } from 'node:net'
import type { Service } from '../../api/objects.ts'
import { Resource } from '../../api/resources.ts'
import { describeError } from '../../core/errors.ts'
import type { Startable } from '../../core/lifecycle.ts'
import type { Logger } from '../../core/log.ts'
import type { SnapshotSource } from '../../core/snapshot.ts'
import { isConflict, isNotFound } from '../../kube/errors.ts'
import type { KubeClient, Store } from '../../kube/types.ts'
import { loadBalancerServed, type ServiceTable } from './service-table.ts'

export interface LoadBalancerStatusDeps {
  readonly client: KubeClient
  readonly log: Logger
  readonly services: Store<Service>
  readonly table: SnapshotSource<ServiceTable | undefined>
}

export interface LoadBalancerStatusConfig {
  /** Of the node that this runs on, and whose rules are known. */
  readonly own: readonly string[]
  /** Of all nodes, in the order in which they are told. */
  readonly all: readonly string[]
}

export class LoadBalancerStatus implements Startable {
  readonly #deps: LoadBalancerStatusDeps
  readonly #config: LoadBalancerStatusConfig
  #unsubscribe: (() => void)[] = []

  constructor(deps: LoadBalancerStatusDeps, config: LoadBalancerStatusConfig) {
    this.#deps = deps
    this.#config = config
  }

  async start(): Promise<void> {
    const { services, table } = this.#deps
    this.#unsubscribe = [services.subscribe(() => this.#sync()), table.subscribe(() => this.#sync())]
    this.#sync()
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
  }

  #sync(): void {
    for (const service of this.#deps.services.list()) {
      const wanted = this.#wanted(service)
      const present = (service.status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip)
      if (wanted.join() !== present.join()) {
        this.#write(service, wanted).catch((error) => this.#failed(service, error))
      }
    }
  }

  #wanted(service: Service): readonly string[] {
    const table = this.#deps.table.current()
    if (service.spec?.type !== 'LoadBalancer' || table === undefined) return []
    const { own, all } = this.#config
    const served = own.filter((address) => loadBalancerServed(service, table, address)).map(isIPv6)
    return all.filter((address) => served.includes(isIPv6(address)))
  }

  async #write({ metadata }: Service, ips: readonly string[]): Promise<void> {
    const { namespace = '', name = '' } = metadata
    const status = { loadBalancer: ips.length === 0 ? null : { ingress: ips.map((ip) => ({ ip })) } }
    await this.#deps.client.patch(Resource.service, { namespace, name }, 'merge', { status }, 'status')
  }

  /** The next change of the Service tries again. */
  #failed({ metadata }: Service, error: unknown): void {
    if (isNotFound(error) || isConflict(error)) return
    const service = `${metadata.namespace}/${metadata.name}`
    this.#deps.log.warn(
      { service, error: describeError(error) },
      'cannot write the address of a LoadBalancer',
    )
  }
}
