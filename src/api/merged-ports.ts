/**
 * The ports of an import: the union of the ports of all exports of one service (rule 34 of the MCS checklist). Pure.
 * The controller makes imports by it, and routers know the names of ports by it.
 */
import type { ServiceRecord } from './service-record.ts'

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
