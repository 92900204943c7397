/**
 * The PROXY header of a flow, as its request and the backend make it.
 */
import type { FlowRequest } from '../../amqp/flow-transport.ts'
import type { ProxyProtocol } from '../../api/traffic-settings.ts'
import type { AddressAndPort } from './addresses.ts'
import { proxyHeader } from './header.ts'

/** What the request does not say. */
export interface HeaderContext {
  /** The cluster the client is in, by its certificate. */
  readonly cluster: string
  readonly flow: string
  readonly backend: AddressAndPort
}

/** A client that named no address of ours named the backend, as far as that can be told. */
export function flowHeader(
  version: ProxyProtocol,
  { client, destination, protocol }: FlowRequest,
  { cluster, flow, backend }: HeaderContext,
): Buffer {
  const { address, port } = backend
  const named = destination ?? { address, port }
  return proxyHeader(version, { ...client, protocol, source: client, destination: named, cluster, flow })
}
