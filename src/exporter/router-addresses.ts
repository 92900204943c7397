/**
 * Where the routers of this cluster are: the pod addresses behind their Service.
 */
import { serviceKey } from '../api/names.ts'
import type { Endpoint, EndpointSlice } from '../api/objects.ts'
import { sameValue } from '../core/compare.ts'
import type { Startable } from '../core/lifecycle.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import type { Store } from '../kube/types.ts'
import { Index, serviceOfSlice } from './stores.ts'

/** Name of the routers' Service, in the namespace of the product. */
export const ROUTER_SERVICE = 'fairlead-router'

/**
 * Addresses of ready routers, of either family, sorted. When none is ready those that are not ready: a router that restarts in its pod
 * comes back under its address, and rewriting every import twice would only delay its clients.
 */
export function routerAddresses(slices: readonly EndpointSlice[]): string[] {
  const endpoints = slices
    .filter((slice) => slice.addressType !== 'FQDN')
    .flatMap((slice) => slice.endpoints ?? [])
  const ready = endpoints.filter((endpoint) => endpoint.conditions?.ready !== false)
  return addressesOf(ready.length > 0 ? ready : endpoints)
}

function addressesOf(endpoints: readonly Endpoint[]): string[] {
  return [...new Set(endpoints.flatMap((endpoint) => endpoint.addresses.slice(0, 1)))].sort()
}

/** Follows the slices of the routers' Service in a synced store. */
export class RouterAddresses implements Startable {
  readonly #store: Store<EndpointSlice>
  readonly #service: ReturnType<typeof serviceKey>
  readonly #current = new Snapshot<readonly string[]>([])
  #unfollow: () => void = () => {}

  constructor(store: Store<EndpointSlice>, namespace: string) {
    this.#store = store
    this.#service = serviceKey(namespace, ROUTER_SERVICE)
  }

  get addresses(): SnapshotSource<readonly string[]> {
    return this.#current
  }

  async start(): Promise<void> {
    this.#unfollow = this.#store.subscribe(({ object }) => {
      if (serviceOfSlice(object).includes(this.#service)) this.#refresh()
    })
    this.#refresh()
  }

  async stop(): Promise<void> {
    this.#unfollow()
  }

  #refresh(): void {
    const next = routerAddresses(this.#store.byIndex(Index.service, this.#service))
    if (!sameValue(next, this.#current.current())) this.#current.set(next)
  }
}
