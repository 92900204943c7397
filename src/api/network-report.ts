/**
 * What a router tells people about the network: JSON documents on a port of their own. They hold names and numbers of
 * routers and the ids of endpoints, never credentials, and no address but where it is what an endpoint is called by.
 */
import { TierRule } from './cluster-tiers.ts'
import type { Protocol } from './objects.ts'

/** Paths of the documents. */
export const ReportPath = { topology: '/topology', trace: '/trace' } as const

/** Request header with the token that the documents are told for. The API's `pods/proxy` passes it on, and logs it nowhere. */
export const REPORT_TOKEN_HEADER = 'fairlead-report-token'

/** Where the token is: who may read that Secret may read the documents. Routers mount it. */
export const REPORT_SECRET = { name: 'fairlead-reports', key: 'token' } as const

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

/** A router in the document about the topology. */
export interface TopologyRouter extends ReportedRouter {
  /** Links lead there from the router that reports. Those that do not were lost a short while ago. */
  readonly reachable: boolean
}

/** A cluster that the reporting router knows of: by its routers, by what it exports, or by a connection with it. */
export interface TopologyCluster {
  readonly cluster: string
  /** Flows can be opened to it, or links lead there, from the router that reports. */
  readonly reachable: boolean
}

/** The network as one router sees it. */
export interface TopologyReport {
  /** Id of the router that reports. */
  readonly self: string
  /** All that are known, also those that are cut off, by name. */
  readonly clusters: readonly TopologyCluster[]
  /** Those that are connected with it, itself included, and those that were until a short while ago. */
  readonly routers: readonly TopologyRouter[]
  readonly links: readonly ReportedLink[]
  /** Clusters, routers and links left out, since there are more than a document holds. */
  readonly omitted: number
}

/** How a new flow would get to another cluster. */
export const Way = {
  /** Over a data connection with a router of it. */
  direct: 'Direct',
  /** Over routers of other clusters. */
  relayed: 'Relayed',
  /** Not now: its routers, or those next to us on every way there, take no new flows. */
  draining: 'Draining',
  none: 'None',
} as const
export type Way = (typeof Way)[keyof typeof Way]

/** Why a cluster, or an endpoint, gets no new flows. */
export const TraceRefusal = {
  /** There is no way to the cluster. */
  unreachable: 'Unreachable',
  /** There is a way, and nobody on it takes new flows. */
  draining: 'Draining',
  /** The cluster does not export the service (any more). */
  notExported: 'NotExported',
  /** It exports the service without this port, or the endpoint does not serve it. */
  portMissing: 'PortMissing',
  /** The cluster tells nothing of the endpoint any more. */
  endpointGone: 'EndpointGone',
  /** No endpoint there is ready for this port. */
  notReady: 'NotReady',
  /** Policies of the cluster let none of our clients call the service. */
  notAllowed: 'NotAllowed',
  /** The policy keeps flows in the own cluster. */
  requireLocal: 'RequireLocal',
  /** The endpoint has no address in this cluster (yet). */
  noAddress: 'NoAddress',
} as const
export type TraceRefusal = (typeof TraceRefusal)[keyof typeof TraceRefusal]

/** Why a cluster is taken only when those of the first choice are not to be had. */
export const TraceOrder = {
  ...TierRule,
  /** Its last endpoints terminate, and still answer. */
  terminating: 'Terminating',
} as const
export type TraceOrder = (typeof TraceOrder)[keyof typeof TraceOrder]

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

/** How flows get to a cluster. */
export interface TraceWay {
  readonly cluster: string
  /** It is the reporting router's own: flows go to backends without a hop. */
  readonly local: boolean
  /** Absent of the own cluster. */
  readonly way?: Way
  /** Paths of routers there as the topology has them, best first, up to a bound. Flows spread over those of equal cost. */
  readonly paths: readonly TracePath[]
}

/** A cluster that new flows of a port may go to. */
export interface TraceCandidate extends TraceWay {
  /** The next flow goes there. No cluster is chosen before the client is known where there is session affinity. */
  readonly chosen: boolean
  /** Taken only while no cluster that is not standby is left. */
  readonly standby: boolean
  /** Ready endpoints behind the port. */
  readonly ready: number
  /** Share of the flows: that of one endpoint is 1 unless a policy says otherwise. */
  readonly weight: number
  /** Flows this router has open there for this port. */
  readonly openFlows: number
  /** What puts it behind the clusters of the first choice. Absent: it is one of them. */
  readonly behind?: TraceOrder
}

/** A cluster that exports the service and gets no new flows of the port. */
export interface TraceRefused {
  readonly cluster: string
  readonly reason: TraceRefusal
  /** It was lost a moment ago: new flows wait for a way there. */
  readonly awaited: boolean
  /** Ready endpoints behind the port, as far as is known. */
  readonly ready: number
}

/** One endpoint of a headless service. */
export interface TracedEndpoint {
  /** What the record of its cluster calls it. */
  readonly id: string
  readonly takesFlows: boolean
  /** Why it takes none. */
  readonly reason?: TraceRefusal
  /** See TraceRefused. */
  readonly awaited: boolean
  /** Flows this router has open there for this port: none of those of the own cluster, which pass no router. */
  readonly openFlows: number
}

/** The endpoints of a headless service in one cluster. */
export interface TracedEndpoints extends TraceWay {
  readonly endpoints: readonly TracedEndpoint[]
}

export interface TracedPort {
  /** Empty: it has none. */
  readonly name: string
  readonly port: number
  readonly protocol: Protocol
  /** Present: a client stays with its cluster until it has had no new flow for so long. */
  readonly affinitySeconds?: number
  /** Candidates by preference: those of a later list are taken when none of those before is left. */
  readonly tiers: readonly (readonly TraceCandidate[])[]
  /** The other clusters that export the service. */
  readonly refused: readonly TraceRefused[]
  /** Of a headless service, by cluster, in the place of candidates: clients choose the endpoint. */
  readonly endpoints?: readonly TracedEndpoints[]
}

/** Where new flows of an imported service would go from one router. */
export interface TraceReport {
  readonly router: ReportedRouter
  readonly service: string
  /** None when the service is not imported. */
  readonly ports: readonly TracedPort[]
  /** Ports, clusters and endpoints left out, since there are more than a document holds. */
  readonly omitted: number
}

/** What a router answers instead of a document. */
export interface ReportFault {
  readonly error: string
}
