/**
 * All that a router knows of its own cluster, as one immutable value. The control plane swaps it whole.
 */
import type { ServiceAccess } from './access-policy.ts'
import type { HttpProxy, LinkEndpoint, WebSocketSettings } from './link.ts'
import type { ServiceKey } from './names.ts'
import type { Protocol } from './objects.ts'
import type { ProxyProtocol, TrafficSettings } from './traffic-settings.ts'

/** New flows of one client go where its last one went, until it has had none for this long. */
export interface ClientAffinity {
  readonly timeoutMs: number
}

/** One endpoint of a headless Service, as the record of its cluster names it. */
export interface EndpointName {
  readonly cluster: string
  readonly id: string
}

/** A port on the router that stands for one port of an import (ingress), or of one endpoint of it. */
export interface ListenerSpec {
  readonly service: ServiceKey
  readonly protocol: Protocol
  /** The import's port, as clients name it. */
  readonly port: number
  /** Where the router listens; owned by this import and recorded in its derived Service. */
  readonly listenPort: number
  /** Flows go to this endpoint alone. Absent: to any of the service. */
  readonly endpoint?: EndpointName
  /** Clusterset IPs the port stands for. */
  readonly addresses: readonly string[]
  /** Absent: none. */
  readonly affinity?: ClientAffinity
}

/** One address a local backend listens at. */
export interface Backend {
  readonly address: string
  readonly port: number
  /** New flows may go there (EndpointSlice condition `ready`). */
  readonly ready: boolean
  /** It answers, though it may be terminating: taken for new flows only while no backend is ready. */
  readonly serving: boolean
  /** Its id in the record of a headless Service: flows may ask for it by that. */
  readonly endpoint?: string
}

/** One port of a Service that this cluster exports (egress). */
export interface ExportedPort {
  readonly protocol: Protocol
  readonly port: number
  readonly backends: readonly Backend[]
  /** Absent: none. */
  readonly affinity?: ClientAffinity
  /** Header that tells the backend who the client is. */
  readonly proxyProtocol: ProxyProtocol
}

/** What a Link says of its line; what is absent has the router's defaults. */
export interface LineSettings {
  /** Silence after which the peer is taken for dead. */
  readonly keepAliveMs?: number
  /** Bound of each step of dialling. */
  readonly dialTimeoutMs?: number
  /** Bytes that the peer may send ahead on one flow. */
  readonly maxWindowBytes?: number
}

/** A cluster to dial. */
export interface LinkSpec {
  readonly name: string
  readonly endpoints: readonly LinkEndpoint[]
  readonly cost: number
  readonly httpProxy?: HttpProxy
  readonly webSocket?: WebSocketSettings
  readonly settings?: LineSettings
}

export interface RouteSnapshot {
  /** False until the control plane was read once: nothing may be concluded from what is missing. */
  readonly synced: boolean
  readonly listeners: readonly ListenerSpec[]
  readonly exports: ReadonlyMap<ServiceKey, readonly ExportedPort[]>
  readonly links: readonly LinkSpec[]
  /** Of services that a TrafficPolicy of this cluster targets; all others have the defaults. */
  readonly traffic: ReadonlyMap<ServiceKey, TrafficSettings>
  /** Of exports that ServicePolicies of this cluster target; the whole clusterset may call all others. */
  readonly access: ReadonlyMap<ServiceKey, ServiceAccess>
}

export const emptyRouteSnapshot: RouteSnapshot = {
  synced: false,
  listeners: [],
  exports: new Map(),
  links: [],
  traffic: new Map(),
  access: new Map(),
}
