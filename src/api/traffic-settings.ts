/**
 * How flows of one service are treated: what a TrafficPolicy says, with every default filled in. Times in milliseconds.
 */

/** Which clusters with ready endpoints a flow may go to, and in what order. */
export const Locality = {
  /** The own cluster while it has ready endpoints, else any. */
  preferLocal: 'PreferLocal',
  /** All clusters alike, by weight. */
  any: 'Any',
  /** The own cluster only. */
  requireLocal: 'RequireLocal',
  /** The first of an order of clusters that has ready endpoints. */
  failover: 'Failover',
} as const
export type Locality = (typeof Locality)[keyof typeof Locality]

/** Header before a backend's first byte (haproxy's proxy-protocol.txt). */
export const ProxyProtocol = { none: 'None', v1: 'V1', v2: 'V2' } as const
export type ProxyProtocol = (typeof ProxyProtocol)[keyof typeof ProxyProtocol]

/** When a failing backend is left alone. */
export interface EjectionSettings {
  /** Connects that fail in a row; 0: never ejected. */
  readonly consecutiveFailures: number
  /** First ejection; each further one is twice as long. It ends early when a probe connects. */
  readonly baseMs: number
  readonly maxMs: number
}

export interface TrafficSettings {
  // Where the service is imported
  readonly locality: Locality
  /** Cluster ids, best first, with Locality.failover; others come after them, alike. */
  readonly failover: readonly string[]
  /** Share of new flows by cluster id, relative to ready endpoints; 1 when absent, 0: only when there is no other. */
  readonly weights: ReadonlyMap<string, number>
  /** How long a flow is kept after its link was lost; 0: it ends with the link. */
  readonly resumeGraceMs: number
  /** A TCP flow that carries nothing for so long is reset; 0: never. */
  readonly idleMs: number
  /** A UDP association that carries nothing for so long ends. */
  readonly udpIdleMs: number
  // Where it is exported
  readonly ejection: EjectionSettings
  readonly proxyProtocol: ProxyProtocol
  // Both: one connect, and further attempts after a failed one (clusters at the client's side, backends at the other)
  readonly connectMs: number
  readonly retries: number
}

export const DEFAULT_TRAFFIC: TrafficSettings = {
  locality: Locality.preferLocal,
  failover: [],
  weights: new Map(),
  resumeGraceMs: 30_000,
  idleMs: 0,
  udpIdleMs: 30_000,
  ejection: { consecutiveFailures: 3, baseMs: 5_000, maxMs: 60_000 },
  proxyProtocol: ProxyProtocol.none,
  connectMs: 3_000,
  retries: 3,
}
