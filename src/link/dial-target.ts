/**
 * Where and how a link is dialled: one endpoint with the settings of its Link.
 */
import { isIP } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { HttpProxy, LinkEndpoint, SecretKey, WebSocketSettings } from '../api/link.ts'
import type { LinkSpec } from '../api/route-snapshot.ts'
import type { Clock } from '../core/clock.ts'
import { HostResolver, type ResolveHost } from './addresses.ts'
import { CONNECT_TIMEOUT_MS, DATA_UP_TIMEOUT_MS, HANDSHAKE_TIMEOUT_MS, HELLO_TIMEOUT_MS } from './limits.ts'
import type { AdmittedPeer } from './peer-chain.ts'

/** Bounds of the steps of one attempt, milliseconds. */
export interface DialTimeouts {
  /** All addresses of the name. */
  readonly connectMs: number
  /** Proxy, outer TLS, WebSocket and inner TLS, each. */
  readonly handshakeMs: number
  readonly helloMs: number
  /** The first data connections, together. */
  readonly dataMs: number
}

export interface DialTarget {
  readonly endpoint: LinkEndpoint
  readonly timeouts?: DialTimeouts
  readonly httpProxy?: HttpProxy
  readonly webSocket?: WebSocketSettings
}

/** Reads one value of a Secret; throws, in words for people, why it cannot be had. */
export type ReadSecret = (key: SecretKey, signal: AbortSignal) => Promise<string>

export interface DialDeps {
  readonly clock: Clock
  /** The system's resolver when absent. */
  readonly resolve?: ResolveHost
  /** Without it no proxy with credentials can be used. */
  readonly readSecret?: ReadSecret
  /** Somebody who was revoked answered for a control connection. True when the socket is taken, to say so. */
  readonly onRevoked?: ((socket: TLSSocket, peer: AdmittedPeer) => boolean) | undefined
}

const DEFAULT_TIMEOUTS: DialTimeouts = {
  connectMs: CONNECT_TIMEOUT_MS,
  handshakeMs: HANDSHAKE_TIMEOUT_MS,
  helloMs: HELLO_TIMEOUT_MS,
  dataMs: DATA_UP_TIMEOUT_MS,
}

/** Bounds for a Link that says how long one step may take; data connections take several steps. */
export function dialTimeouts(stepMs: number | undefined): DialTimeouts {
  if (stepMs === undefined) return DEFAULT_TIMEOUTS
  return { connectMs: stepMs, handshakeMs: stepMs, helloMs: stepMs, dataMs: 3 * stepMs }
}

/** What to dial for one endpoint of a Link. */
export function dialTarget({ httpProxy, webSocket, settings }: LinkSpec, endpoint: LinkEndpoint): DialTarget {
  return {
    endpoint,
    timeouts: dialTimeouts(settings?.dialTimeoutMs),
    ...(httpProxy === undefined ? {} : { httpProxy }),
    ...(webSocket === undefined ? {} : { webSocket }),
  }
}

/** `host:port`, with brackets around IPv6 addresses. */
export function authorityOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
}

/** What people see: the authority, and the transport where it is not plain TLS. */
export function endpointName(endpoint: LinkEndpoint): string {
  return endpoint.transport === 'wss' ? `wss://${authorityOf(endpoint)}` : authorityOf(endpoint)
}

/** The resolver to ask. */
export function resolverOf({ resolve }: DialDeps): ResolveHost {
  if (resolve !== undefined) return resolve
  const system = new HostResolver()
  return (host) => system.resolve(host)
}
