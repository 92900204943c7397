/**
 * The union of the ports of all exports of one service (rule 34 of the MCS checklist). Pure.
 */
import type { EndpointName } from '../api/route-snapshot.ts'
import type { ServiceRecord } from '../api/service-record.ts'

/** One port of the merged service. `name` is empty when the winning port has none. */
export interface MergedPort {
  readonly name: string
  readonly protocol: ServiceRecord['ports'][number]['protocol']
  readonly port: number
  readonly appProtocol?: string
}

/** `TCP/80`: what makes two ports of different exports the same port; or `east/web-0/TCP/80`, that of one endpoint. */
export type PortKey = string

/** The key of a port by protocol and number. */
export function portKey(port: { readonly protocol: string; readonly port: number }): PortKey {
  return `${port.protocol}/${port.port}`
}

/** The same port of one endpoint. No part of it holds a slash, so that it is the key of no other. */
export function endpointPortKey({ cluster, id }: EndpointName, port: PortKey): PortKey {
  return `${cluster}/${id}/${port}`
}

/** Whether it is the key of a port of one endpoint. */
export function isEndpointPort(port: PortKey): boolean {
  return port.split('/').length > 2
}

/**
 * All ports, oldest export first. A name or a (protocol, port) that an older export holds is not taken again:
 * the younger port is dropped. No name counts as a name.
 */
export function mergePorts(oldestFirst: readonly Pick<ServiceRecord, 'ports'>[]): MergedPort[] {
  const names = new Set<string>()
  const keys = new Set<PortKey>()
  const merged: MergedPort[] = []
  for (const port of oldestFirst.flatMap((record) => record.ports)) {
    if (names.has(port.name) || keys.has(portKey(port))) continue
    names.add(port.name)
    keys.add(portKey(port))
    merged.push(mergedPort(port))
  }
  return merged
}

function mergedPort({ name, protocol, port, appProtocol }: MergedPort): MergedPort {
  return { name, protocol, port, ...(appProtocol === undefined ? {} : { appProtocol }) }
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
