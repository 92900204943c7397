/**
 * Every bound of the API server, with what it protects.
 */

/** Largest request body, bytes: what a real API server takes. */
export const MAX_BODY_BYTES = 3 * 1024 * 1024

/** Changes kept for each resource so that watches can resume; older ones answer 410. Protects memory. */
export const EVENT_WINDOW = 4096

/** Bytes waiting in one watch's socket before the watch is ended. Protects memory against slow readers. */
export const MAX_WATCH_BACKLOG_BYTES = 16 * 1024 * 1024

/** How long a watch lasts when the client names no time, milliseconds; a random part of it is added. */
export const WATCH_DURATION_MS = 30 * 60_000

/** Time between bookmarks of one watch, milliseconds. */
export const BOOKMARK_INTERVAL_MS = 60_000

/** The state log is rewritten once it is this long, bytes, and at least half of it is out of date. */
export const COMPACT_MIN_BYTES = 8 * 1024 * 1024

/** Deepest nesting of a JSON body. Protects the stack. */
export const MAX_JSON_DEPTH = 256

/** Items answered at most in one list page. */
export const MAX_LIST_LIMIT = 10_000

/** Longest a service-account token may live, seconds. */
export const MAX_TOKEN_SECONDS = 2 ** 32

/** Service-account token lifetime when none is asked, seconds. */
export const DEFAULT_TOKEN_SECONDS = 3600

/** Bytes of all values of a Secret or ConfigMap. */
export const MAX_DATA_BYTES = 1024 * 1024

/** Causes listed in one Invalid status. */
export const MAX_CAUSES = 64

/** Warnings sent with one answer. */
export const MAX_WARNINGS = 32

/** How long open requests may take to end when the server stops, milliseconds. */
export const STOP_GRACE_MS = 1000

/** Names tried for one generateName. */
export const NAME_ATTEMPTS = 8

/** How long Events are kept, milliseconds. */
export const EVENT_LIFETIME_MS = 60 * 60_000

/** Time between looks for Events that are too old, milliseconds. */
export const EVENT_SWEEP_MS = 60_000

/** Wait before a failed step of an in-process controller is tried again, milliseconds. */
export const CONTROLLER_RETRY_MS = 500

/** Audit log; it starts again from nothing when it has grown past this. Bytes. */
export const MAX_AUDIT_BYTES = 16 << 20

/** Bound of a request that is handed on to a pod, milliseconds. Protects the server from pods that do not answer. */
export const POD_PROXY_TIMEOUT_MS = 30_000
