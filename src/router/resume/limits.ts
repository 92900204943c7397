/**
 * Every bound of resumable flows, and what it protects.
 */

/** Longest time a flow is kept after its link was lost, whatever a peer or a policy asks, milliseconds. */
export const MAX_GRACE_MS = 300_000

/** Bytes each flow may keep also when the router's memory for flows is used up: what a first window lets it send. */
export const FLOW_BASE_BYTES = 64 * 1024

/** Share of the router's memory for flows that may be kept beyond that: the rest is for what comes in and what begins. */
export const RETAINED_SHARE = 0.5

/** Written pieces up to this many bytes are copied together; a buffer of its own takes some hundred bytes. */
export const SMALL_PIECE_BYTES = 512

/** Bytes of the blocks they are copied into: little enough to come from Node's pool, which makes it cheap. */
export const PIECE_BLOCK_BYTES = 2048

/** Bytes given at a time to a data connection that a flow goes on with. */
export const RESEND_PIECE_BYTES = 64 * 1024

/** Flows that wait for a link at once, sockets closed or not; the oldest of the cluster with the most is reset for the newest. */
export const MAX_SUSPENDED_FLOWS = 20_000

/** Bytes all flows that wait for a link may hold; the oldest of the cluster with the most is reset beyond. */
export const MAX_SUSPENDED_BYTES = 256 * 1024 * 1024

/** Flows of one peer that are remembered after they ended well, some 100 bytes each: as many as end within a round trip. */
export const MAX_CLOSED_FLOWS = 1_024

/** Router processes without connections or flows that are remembered, in case they come back: for their closed flows. */
export const MAX_IDLE_PROCESSES = 64

/** How often waiting flows are looked at, milliseconds: grace times end late by no more than this. */
export const SUSPENDED_LOOK_MS = 250

/**
 * The end that opened a flow resumes it at once when it can. When it has not although a connection to its process stood
 * for so long, milliseconds, it will not: longer than it takes to notice that a connection is dead.
 */
export const ABANDONED_MS = 5_000

/** Flows opened again in one turn of the event loop, so that a link that returns does not stop everything else. */
export const RESUME_BATCH = 256

/** From the news of a connection to the first attempts, and from one batch to the next, milliseconds. */
export const RESUME_TURN_MS = 1

/** Pauses between attempts to resume one flow when the connection it was tried on was lost too or had no room, milliseconds. */
export const RESUME_BACKOFF = { min: 50, max: 1_000 } as const

/** Tokens made from one call for random bytes. */
export const TOKEN_BATCH = 256
