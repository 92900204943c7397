/**
 * Bounds of the shared parts, with what they protect.
 */

/** Keys a work queue knows at once, waiting and running: memory, when a cluster has more objects than anybody planned. */
export const WORK_QUEUE_MAX_KEYS = 100_000

/** Keys a work queue works on side by side unless told otherwise: requests in flight at the API server. */
export const WORK_QUEUE_CONCURRENCY = 4

/** Delays before a failed key is tried again, milliseconds. */
export const WORK_QUEUE_BACKOFF = { min: 50, max: 30_000 } as const

/** Milliseconds that running work may take to end when a queue stops, before it is aborted. */
export const WORK_QUEUE_DRAIN_MS = 5_000

/** Connections that the port of reports holds at once: memory and descriptors, whoever asks. */
export const REPORT_MAX_CONNECTIONS = 64

/** Characters of the shortest token that reports are told for; a shorter one in the Secret opens nothing. */
export const REPORT_TOKEN_MIN_LENGTH = 32
