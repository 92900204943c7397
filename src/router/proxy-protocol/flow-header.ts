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
  /** The client's, when it has one that is believed. */
  readonly globalAddress: string | undefined
}

/**
 * A client that named no address of ours named the backend, as far as that can be told. One with a global address is known
 * by that: its own means nothing in another cluster.
 */
export function flowHeader(
  version: ProxyProtocol,
  { client, destination, protocol }: FlowRequest,
  { cluster, flow, backend, globalAddress }: HeaderContext,
): Buffer {
  const { address, port } = backend
  const named = destination ?? { address, port }
  const source = globalAddress === undefined ? client : { address: globalAddress, port: client.port }
  const told = { ...client, globalAddress, protocol, source, destination: named, cluster, flow }
  return proxyHeader(version, told)
}
