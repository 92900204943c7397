/**
 * Ports of single endpoints in tables of ports, and whether exports declare the same ports. Pure.
 */
import type { PortKey } from '../api/merged-ports.ts'
import type { EndpointName } from '../api/route-snapshot.ts'
import type { ServiceRecord } from '../api/service-record.ts'

/** The same port of one endpoint. No part of it holds a slash, so that it is the key of no other. */
export function endpointPortKey({ cluster, id }: EndpointName, port: PortKey): PortKey {
  return `${cluster}/${id}/${port}`
}

/** Whether it is the key of a port of one endpoint. */
export function isEndpointPort(port: PortKey): boolean {
  return port.split('/').length > 2
}

/** True when both declare the same ports, in whatever order. */
export function samePorts(left: Pick<ServiceRecord, 'ports'>, right: Pick<ServiceRecord, 'ports'>): boolean {
  const signature = (record: Pick<ServiceRecord, 'ports'>) =>
    record.ports
      .map(({ name, protocol, port, appProtocol }) => JSON.stringify([name, protocol, port, appProtocol]))
      .sort()
      .join()
  return signature(left) === signature(right)
}
