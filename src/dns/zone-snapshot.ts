/**
 * All that a zone of Services holds, as one immutable value. The same shape serves a cluster and a clusterset.
 */
import type { AddressedService, ZoneEndpoint } from './service-answers.ts'

/** A Service with its own addresses. Its endpoints can be asked for by name as well, as with CoreDNS. */
export interface VirtualService extends AddressedService {
  readonly type: 'Virtual'
  /** By the name in front of the Service's. */
  readonly endpoints: ReadonlyMap<string, ZoneEndpoint>
}

/** A Service that stands for its ready endpoints. */
export interface HeadlessService {
  readonly type: 'Headless'
  /** By the name in front of the Service's. */
  readonly endpoints: ReadonlyMap<string, ZoneEndpoint>
}

/** A Service that is another name. */
export interface ExternalService {
  readonly type: 'External'
  readonly target: string
}

export type ZoneService = VirtualService | HeadlessService | ExternalService

export interface ZoneSnapshot {
  /** SOA serial; grows with each change. */
  readonly serial: number
  /** False until every source was read once: nothing may be denied before. */
  readonly synced: boolean
  /** Namespaces of this cluster; Services elsewhere do not resolve. */
  readonly namespaces: ReadonlySet<string>
  /** By `namespace/name`. */
  readonly services: ReadonlyMap<string, ZoneService>
}

/** What is known before the API server was reached: nothing. */
export const unsyncedSnapshot: ZoneSnapshot = {
  serial: 0,
  synced: false,
  namespaces: new Set(),
  services: new Map(),
}
