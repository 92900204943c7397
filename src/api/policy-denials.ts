/**
 * What ServicePolicies refused, as a router counts it and others tell it.
 */
import type { ServiceKey } from './names.ts'

export const DenialReason = {
  /** No rule lets the client. */
  notAllowed: 'NotAllowed',
  /** As many flows are open as the policy allows. */
  connections: 'Connections',
  /** New flows came faster than the policy allows. */
  connectionRate: 'ConnectionsPerSecond',
} as const
export type DenialReason = (typeof DenialReason)[keyof typeof DenialReason]

/** Flows that one policy refused to clients of one cluster, since the router began. */
export interface PolicyDenial {
  readonly policy: ServiceKey
  readonly cluster: string
  readonly reason: DenialReason
  readonly count: number
  /** Milliseconds since 1970. */
  readonly lastAt: number
}

/** Read side, for those who tell people. */
export interface DenialSource {
  current(): readonly PolicyDenial[]
  /** Calls `listener` after each refusal. Returns the way to stop. */
  subscribe(listener: () => void): () => void
}
