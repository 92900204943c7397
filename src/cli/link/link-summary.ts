/** A Link as people and scripts want to see it. Pure. */
import { findCondition } from '../../api/conditions.ts'
import { LinkCondition, type LinkEndpoint, type LinkResource } from '../../api/link.ts'
import type { Condition } from '../../api/objects.ts'
import type { Table } from '../output.ts'

export interface LinkSummary {
  readonly name: string
  /** Absent until it was established once. */
  readonly remoteCluster?: string
  readonly endpoints: readonly string[]
  readonly cost: number
  readonly httpProxy?: string
  /** When it was established, RFC 3339. */
  readonly since?: string
  readonly conditions: readonly Pick<Condition, 'type' | 'status' | 'reason' | 'message'>[]
}

/** The CRD's own. */
const DEFAULT_COST = 1

export function linkSummary({ metadata, spec, status }: LinkResource): LinkSummary {
  const { remoteCluster, since, conditions = [] } = status ?? {}
  return {
    name: metadata.name ?? '',
    ...(remoteCluster === undefined ? {} : { remoteCluster }),
    endpoints: spec.endpoints.map(endpointText),
    cost: spec.cost ?? DEFAULT_COST,
    ...(spec.httpProxy === undefined ? {} : { httpProxy: authority(spec.httpProxy) }),
    ...(since === undefined ? {} : { since }),
    conditions: conditions.map(({ type, status, reason, message }) => ({ type, status, reason, message })),
  }
}

/** A row for each link. */
export function linkTable(links: readonly LinkSummary[]): Table {
  const rows = links.map((link) => {
    const ready = findCondition(link.conditions as readonly Condition[], LinkCondition.ready)
    return [
      link.name,
      link.remoteCluster ?? '',
      link.endpoints.join(','),
      String(link.cost),
      ready?.status ?? 'Unknown',
      ready?.message ?? 'no router has reported yet',
    ]
  })
  return [['NAME', 'REMOTE', 'ENDPOINTS', 'COST', 'READY', 'MESSAGE'], ...rows]
}

/** All of one link, a line for each thing. */
export function linkDetails(link: LinkSummary): Table {
  return [
    ['Name', link.name],
    ['Remote cluster', link.remoteCluster ?? '<none yet>'],
    ...link.endpoints.map((endpoint, index) => [index === 0 ? 'Endpoints' : '', endpoint]),
    ['Cost', String(link.cost)],
    ...(link.httpProxy === undefined ? [] : [['HTTP proxy', link.httpProxy]]),
    ...(link.since === undefined ? [] : [['Since', link.since]]),
    ...link.conditions.map(({ type, status, message }) => [type, `${status}   ${message}`.trimEnd()]),
  ]
}

function endpointText({ transport, ...address }: LinkEndpoint): string {
  return transport === 'wss' ? `wss://${authority(address)}` : authority(address)
}

function authority({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
