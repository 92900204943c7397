/** Bounds of loopback mode. */

/** Connections through one Service address at once; more are refused. */
export const MAX_PROXIED_CONNECTIONS = 1_024

/** UDP clients of one Service address; the one that was silent longest makes room. */
export const MAX_UDP_CLIENTS = 512

/** A UDP client that sends nothing for so long is forgotten. Milliseconds. */
export const UDP_IDLE = 30_000

/** Clients whose endpoint is remembered for session affinity, of one Service address. */
export const MAX_AFFINITIES = 1_024
