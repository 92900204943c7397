/**
 * What a router tells people about the network: JSON documents on its health port. They hold names and numbers of
 * routers, never addresses or credentials.
 */
import type { Protocol } from './objects.ts'

/** Paths of the documents. */
export const ReportPath = { topology: '/topology', trace: '/trace' } as const

export interface ReportedRouter {
  /** The router process: 32 lower-case hex digits. */
  readonly id: string
  /** Its pod. */
  readonly name: string
  readonly cluster: string
  readonly draining: boolean
}

export interface ReportedLink {
  /** Ids of the routers at its ends. */
  readonly routers: readonly [string, string]
  readonly cost: number
  /** Milliseconds, rounded up to a step. */
  readonly roundTripMs: number
}

/** The network as one router sees it. */
export interface TopologyReport {
  /** Id of the router that reports. */
  readonly self: string
  /** Those that are connected with it, itself included. */
  readonly routers: readonly ReportedRouter[]
  readonly links: readonly ReportedLink[]
  /** Routers and links left out, since there are more than a document holds. */
  readonly omitted: number
}

/** The next router of a path, and the link to it. */
export interface TraceHop {
  readonly router: string
  readonly name: string
  readonly cluster: string
  /** Absent: the link is lost at this moment. */
  readonly cost?: number
  readonly roundTripMs?: number
}

/** A way on which a router of the cluster is reached. */
export interface TracePath {
  /** Sums over the hops. */
  readonly cost: number
  readonly roundTripMs: number
  readonly hops: readonly TraceHop[]
}

/** A cluster that new flows of a port may go to. */
export interface TraceCandidate {
  readonly cluster: string
  /** The next flow goes there. */
  readonly chosen: boolean
  /** It is the reporting router's own: flows go to backends without a hop. */
  readonly local: boolean
  /** Taken only while no cluster that is not standby is left. */
  readonly standby: boolean
  /** Share of the flows: that of one endpoint is 1 unless a policy says otherwise. */
  readonly weight: number
  /** Flows this router has open there for this port. */
  readonly openFlows: number
  /** Paths of routers there, best first, up to a bound. Flows spread over those of equal cost. */
  readonly paths: readonly TracePath[]
}

export interface TracedPort {
  readonly port: number
  readonly protocol: Protocol
  /** Candidates by preference: those of a later list are taken when none of those before is left. */
  readonly tiers: readonly (readonly TraceCandidate[])[]
}

/** Where new flows of an imported service would go from one router. */
export interface TraceReport {
  readonly router: ReportedRouter
  readonly service: string
  /** None when the service is not imported. */
  readonly ports: readonly TracedPort[]
}
