/**
 * All that the resolver knows of a clusterset, as one immutable value.
 */
import type { AddressedService, ZoneEndpoint } from './service-answers.ts'

/** An import with its own addresses. Endpoints can be asked for by name as well, as with CoreDNS. */
export interface ClusterSetIpService extends AddressedService {
  readonly type: 'ClusterSetIP'
  readonly endpoints: ReadonlyMap<string, ZoneEndpoint>
}

/** An import that stands for its ready endpoints. */
export interface HeadlessService {
  readonly type: 'Headless'
  /** By name, `<host>.<cluster id>`. */
  readonly endpoints: ReadonlyMap<string, ZoneEndpoint>
}

export type ZoneService = ClusterSetIpService | HeadlessService

export interface ClusterSetSnapshot {
  /** Zone name without a dot at the end, lower case. */
  readonly zone: string
  /** SOA serial; grows with each change. */
  readonly serial: number
  /** False until every source was read once: nothing may be denied before. */
  readonly synced: boolean
  /** Namespaces of this cluster; imports elsewhere do not resolve. */
  readonly namespaces: ReadonlySet<string>
  /** By `namespace/name`. */
  readonly services: ReadonlyMap<string, ZoneService>
  /** Addresses of the resolver itself, behind `ns.dns.<zone>`. */
  readonly nameServer: readonly string[]
}

/** What is known before the API server was reached: nothing. */
export function unsyncedSnapshot(zone: string): ClusterSetSnapshot {
  return {
    zone,
    serial: 0,
    synced: false,
    namespaces: new Set(),
    services: new Map(),
    nameServer: [],
  }
}
