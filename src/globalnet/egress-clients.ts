/**
 * The clients of a cluster with their global addresses: which one a flow says it comes from.
 */
import type { ClientIdentity, ClientSource, LabelledClient } from '../api/client-identity.ts'
import {
  GLOBAL_NETWORK,
  type GlobalEgressIP,
  type GlobalIngressIP,
  type GlobalNetwork,
} from '../api/globalnet.ts'
import type { Cancel, Clock } from '../core/clock.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Store } from '../kube/types.ts'
import { EgressRules, egressAddress, egressPool } from './egress-choice.ts'
import { PLAN_PAUSE_MS } from './limits.ts'
import { Throttle } from './throttle.ts'

/** What global addresses are read from. */
export interface EgressStores {
  readonly networks: Store<GlobalNetwork>
  readonly egress: Store<GlobalEgressIP>
  readonly ingress: Store<GlobalIngressIP>
}

export interface EgressClientsDeps {
  readonly stores: EgressStores
  /** Who the clients are, with their labels. */
  readonly pods: { find(address: string): LabelledClient | undefined }
  readonly clock: Clock
}

const NO_RULES = new EgressRules([], [])

/** Looks up names as `pods` does, and adds the address. */
export class EgressClients implements ClientSource, Startable {
  readonly #deps: EgressClientsDeps
  readonly #refresh: Throttle
  #rules = NO_RULES
  /** Of headless endpoints, by the addresses of their pods. */
  #ingress: ReadonlyMap<string, string> = new Map()
  #unfollow: Cancel[] = []

  constructor(deps: EgressClientsDeps) {
    this.#deps = deps
    this.#refresh = new Throttle(deps.clock, PLAN_PAUSE_MS, () => this.#update())
  }

  async start(): Promise<void> {
    const { networks, egress, ingress } = this.#deps.stores
    const request = () => this.#refresh.request()
    this.#unfollow = [networks.subscribe(request), egress.subscribe(request), ingress.subscribe(request)]
    this.#update()
  }

  async stop(): Promise<void> {
    for (const cancel of this.#unfollow) cancel()
    this.#unfollow = []
    this.#refresh.cancel()
  }

  find(address: string): ClientIdentity | undefined {
    const client = this.#deps.pods.find(address)
    if (client === undefined) return undefined
    const { namespace, pod, serviceAccount, labels = {} } = client
    const ingressAddress = this.#ingress.get(address)
    const source = this.#rules.sourceOf({
      kind: 'pod',
      namespace,
      name: pod,
      labels,
      ...(ingressAddress === undefined ? {} : { ingressAddress }),
    })
    const globalAddress = egressAddress(address, source.addresses)
    return { namespace, pod, serviceAccount, ...(globalAddress === undefined ? {} : { globalAddress }) }
  }

  globalAddressOf(address: string): string | undefined {
    return egressAddress(address, this.#rules.sourceOf({ kind: 'outside' }).addresses)
  }

  #update(): void {
    const { networks, egress, ingress } = this.#deps.stores
    const { status } = networks.get({ name: GLOBAL_NETWORK }) ?? {}
    this.#rules = new EgressRules(status?.egressIPs ?? [], egress.list().map(egressPool))
    this.#ingress = new Map(
      ingress.list().flatMap(({ status: recorded }) => {
        const { allocatedIP, endpoint } = recorded ?? {}
        return allocatedIP === undefined || endpoint === undefined ? [] : [[endpoint.address, allocatedIP]]
      }),
    )
  }
}
