/**
 * The routers of this cluster by name, for each other: the pods behind their Service, ready or not.
 */
import { serviceKey } from '../api/names.ts'
import type { EndpointSlice } from '../api/objects.ts'
import { sameValue } from '../core/compare.ts'
import type { Startable } from '../core/lifecycle.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import type { Store } from '../kube/types.ts'
import { ROUTER_SERVICE } from './router-addresses.ts'
import { serviceOfSlice, splitKey } from './stores.ts'

/** Where one router listens for others. */
export interface RouterReplica {
  /** Of its pod. */
  readonly name: string
  readonly host: string
  readonly port: number
}

/** Port of the routers' Service that links are dialled at. */
const LINK_PORT = 'link'

/**
 * All pods in the slices, sorted; one with addresses of both families is there twice. Also those that are not ready: a
 * router that starts is to be linked before it serves, and one that drains for as long as it is there.
 */
export function routerReplicas(slices: readonly EndpointSlice[]): RouterReplica[] {
  const replicas = slices
    .filter(({ addressType }) => addressType !== 'FQDN')
    .flatMap((slice) => replicasIn(slice))
  return replicas.sort((a, b) => (`${a.name} ${a.host}` < `${b.name} ${b.host}` ? -1 : 1))
}

function replicasIn({ endpoints, ports }: EndpointSlice): RouterReplica[] {
  const port = ports?.find(({ name }) => name === LINK_PORT)?.port
  if (port === undefined) return []
  return (endpoints ?? []).flatMap(({ addresses, targetRef }) => {
    const name = targetRef?.kind === 'Pod' ? targetRef.name : undefined
    const host = addresses[0]
    return name === undefined || host === undefined ? [] : [{ name, host, port }]
  })
}

/** Follows the slices of the routers' Service. */
export class RouterReplicas implements Startable {
  readonly #store: Store<EndpointSlice>
  readonly #service: ReturnType<typeof serviceKey>
  readonly #current = new Snapshot<readonly RouterReplica[]>([])
  #unfollow: () => void = () => {}

  constructor(store: Store<EndpointSlice>, namespace: string) {
    this.#store = store
    this.#service = serviceKey(namespace, ROUTER_SERVICE)
  }

  get replicas(): SnapshotSource<readonly RouterReplica[]> {
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
    const slices = this.#store.list(splitKey(this.#service).namespace)
    const next = routerReplicas(slices.filter((slice) => serviceOfSlice(slice).includes(this.#service)))
    if (!sameValue(next, this.#current.current())) this.#current.set(next)
  }
}
