/**
 * Every bound of ServicePolicies in the router, and what it protects.
 */

/** Policies, clusters and reasons whose refusals are counted apart; what comes beyond is counted together. */
export const MAX_DENIAL_COUNTS = 1_024

/** How long a limit of bytes may save up what is not used, milliseconds: bursts are as large as that. */
export const BYTE_BURST_MS = 1_000

/** How long one of connections may. */
export const CONNECTION_BURST_MS = 1_000

/** Flows that wait for a limit of bytes are looked at no more often than this, milliseconds. */
export const BYTE_WAIT_MS = 5

/** Bytes that one flow may move at once when it goes on: so many of those that wait do as there are bytes for. */
export const BYTES_A_TURN = 64 * 1024
