/**
 * Bounds of a router's share of the network.
 */

/** Links one router dials. */
export const MAX_LINKS = 256

/** Other routers of our own cluster that are dialled. */
export const MAX_REPLICAS = 64

/** A new slot of source ports is used once all agents know it, or after this, milliseconds: the flow waits. */
export const APPLY_MS = 500

/** An agent that was lost may still translate by what it knew for so long, milliseconds. */
export const AGENT_LOST_MS = 600_000

/** Lost agents remembered for that. */
export const MAX_LOST_AGENTS = 2_048

/** Processors that leave one for a second data connection beside the first and what feeds it. */
export const MANY_PROCESSORS = 3

/** Announced idle time-out of data connections, milliseconds: one whose peer is silent for twice that is given up. */
export const DATA_IDLE_MS = 2_000

/** Bytes that flows may hold beyond what each may without asking, when nobody says how much. */
export const DEFAULT_BUDGET_BYTES = 256 * 1024 * 1024

/** Milliseconds after its start that a router waits for its links and records before it takes clients all the same. */
export const ARRIVAL_MS = 10_000

/** Clusters in the document about the topology. Bounds its size to about 100 kB. */
export const MAX_REPORTED_CLUSTERS = 2_000

/** Routers in the document about the topology. Bounds its size to about 500 kB. */
export const MAX_REPORTED_ROUTERS = 2_000

/** Links in the document about the topology. Bounds its size to about 1 MB. */
export const MAX_REPORTED_LINKS = 10_000

/** Paths told of each cluster that a traced flow may go to. */
export const MAX_TRACED_PATHS = 4

/** Ports in the document about a service. */
export const MAX_TRACED_PORTS = 512

/** Clusters in that document, each counted for each port. With their paths they bound its size to about 4 MB. */
export const MAX_TRACED_CLUSTERS = 1_000

/** Endpoints in it, each counted for each port. Bounds its size to about 300 kB more. */
export const MAX_TRACED_ENDPOINTS = 3_000

/** Ports that an answer names to whoever asked for another. */
export const MAX_NAMED_PORTS = 32

/** How long others have to hear that our cluster has left before nothing more is shared with them, milliseconds. */
export const LEFT_GRACE_MS = 1000

/** Chains of routers that were found good and are remembered: each cluster has one, and two while it is renewed. */
export const MAX_KNOWN_ROUTER_CHAINS = 2_048
