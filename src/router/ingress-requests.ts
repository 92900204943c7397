/**
 * What a new client connection asks for, in the terms of a flow: who it is, what it named, how the service is treated.
 */
import { isIPv6 } from 'node:net'
import type { FlowClient, FlowRequest } from '../amqp/flow-transport.ts'
import type { ClientSource } from '../api/client-identity.ts'
import type { ListenerSpec, RouteSnapshot } from '../api/route-snapshot.ts'
import type { TrafficSettings } from '../api/traffic-settings.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import { type ServiceTarget, trafficOf } from './endpoints/service-target.ts'
import { LINK_WAIT_MS } from './limits.ts'

export interface IngressRequestsDeps {
  readonly snapshot: SnapshotSource<RouteSnapshot>
  readonly clients: ClientSource
}

/** Milliseconds from a client's connect until a backend has it, all attempts together; then the client is reset. */
export function acceptMs({ connectMs, retries }: TrafficSettings): number {
  return connectMs * (retries + 1) + LINK_WAIT_MS
}

/** Makes the requests of one router's clients. */
export class IngressRequests {
  /** The clients' cluster: this router's. */
  readonly cluster: string
  readonly #deps: IngressRequestsDeps

  constructor(deps: IngressRequestsDeps, cluster: string) {
    this.#deps = deps
    this.cluster = cluster
  }

  settingsOf(target: ServiceTarget): TrafficSettings {
    return trafficOf(this.#deps.snapshot.current(), target.service)
  }

  /** `remote` is where the client's connection or datagram came from. */
  requestOf(spec: ListenerSpec, remote: FlowClient): FlowRequest {
    const { service, protocol, port, addresses, endpoint } = spec
    const client = this.#clientAt(remote)
    const address = addresses.find((known) => isIPv6(known) === isIPv6(client.address)) ?? addresses[0]
    return {
      service,
      protocol: protocol === 'UDP' ? protocol : 'TCP',
      port,
      ...(endpoint === undefined ? {} : { endpoint: endpoint.id }),
      client,
      ...(address === undefined ? {} : { destination: { address, port } }),
    }
  }

  /** The client at an address of the own cluster, with its names when a pod is known to have it, and its global address. */
  #clientAt(remote: FlowClient): FlowClient {
    const { port } = remote
    const address = withoutMapping(remote.address)
    const identity = this.#deps.clients.find(address)
    if (identity !== undefined) return { address, port, ...identity }
    const globalAddress = this.#deps.clients.globalAddressOf?.(address)
    return globalAddress === undefined ? { address, port } : { address, port, globalAddress }
  }
}

const MAPPED = '::ffff:'

/** The IPv4 address that a socket listening for both families tells as an IPv6 one (RFC 4291 section 2.5.5.2). */
function withoutMapping(address: string): string {
  const isMapped = address.startsWith(MAPPED) && address.includes('.')
  return isMapped ? address.slice(MAPPED.length) : address
}
