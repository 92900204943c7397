/**
 * The Link resource (fairlead.dev/v1alpha1): a cluster this one dials.
 */
import type { Condition, KubeObject } from './objects.ts'

/** What routers speak over a WebSocket, and where; both ends know it. */
export const WEB_SOCKET_PROTOCOL = 'amqp'
export const WEB_SOCKET_PATH = '/amqp'

export interface LinkEndpoint {
  host: string
  port: number
  /** Default `tls`. */
  transport?: 'tls' | 'wss'
}

/** One value of a Secret in the Link's own namespace. */
export interface SecretKey {
  readonly name: string
  readonly key: string
}

/** A proxy that is asked with HTTP CONNECT for every endpoint. */
export interface HttpProxy {
  readonly host: string
  readonly port: number
  /** `user:password`, for Basic authentication. */
  readonly credentials?: SecretKey
}

/** How endpoints with transport `wss` are reached. */
export interface WebSocketSettings {
  /** Default `/amqp`; an ingress may put the router elsewhere. */
  readonly path?: string
  /** Certificates in PEM that are trusted for the outer TLS, beside the system's. */
  readonly ca?: string
  /** Name asked for and expected in the outer certificate; default: the endpoint's host. */
  readonly serverName?: string
}

/** For lines that are not like others. */
export interface LinkSettings {
  /** Silence after which the peer is taken for dead. */
  readonly keepAliveSeconds?: number
  /** How long each step of dialling may take. */
  readonly dialTimeoutSeconds?: number
  /** Bytes that the peer may send ahead on one flow: a number, or one with Ki or Mi. */
  readonly maxWindow?: string | number
}

/** Namespaced in the system namespace; its name is free, by habit the remote cluster's id. */
export interface LinkResource extends KubeObject {
  spec: {
    endpoints: LinkEndpoint[]
    cost?: number
    httpProxy?: HttpProxy
    webSocket?: WebSocketSettings
    settings?: LinkSettings
  }
  status?: { remoteCluster?: string; routers?: number; since?: string; conditions?: Condition[] }
}

export const LinkCondition = { configured: 'Configured', established: 'Established', ready: 'Ready' } as const
