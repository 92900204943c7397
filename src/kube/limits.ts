/**
 * Every bound of the Kubernetes client, with what it protects.
 */

/** Objects asked for per page of a list: keeps one answer small for both sides. */
export const LIST_PAGE_SIZE = 500

/** Pages in one list. A continue token that never ends must not loop for ever. */
export const LIST_MAX_PAGES = 2_000

/** Bytes of one answer held in memory: a page of 500 large objects fits many times. */
export const RESPONSE_MAX_BYTES = 128 * 1024 * 1024

/** Bytes of one watch line: etcd refuses objects over 1.5 MB, JSON escapes and two metadata copies included. */
export const WATCH_LINE_MAX_BYTES = 16 * 1024 * 1024

/** Milliseconds to a connected TLS socket. */
export const CONNECT_TIMEOUT_MS = 5_000

/** Milliseconds without a byte of a normal answer. */
export const REQUEST_TIMEOUT_MS = 30_000

/** Sockets for requests. Lists of several kinds run side by side, more would only queue in the server. */
export const REQUEST_CONNECTIONS = 8

/** Milliseconds an idle request socket is kept. */
export const KEEP_ALIVE_MS = 30_000

/** Tries of one request that the server turned away with 429 or 503, the first included. */
export const MAX_ATTEMPTS = 4

/** Longest Retry-After that is obeyed inside a call, milliseconds; beyond it the caller decides. */
export const RETRY_AFTER_MAX_MS = 10_000

/** Milliseconds that credentials read from files or plugins are used before they are read again. */
export const CREDENTIALS_TTL_MS = 30_000

/** A watch asks to be ended by the server after this many seconds; the spread keeps watches from ending together. */
export const WATCH_TIMEOUT_SECONDS = { min: 240, max: 300 } as const

/** Milliseconds of silence after which a watch is taken for dead: servers send a bookmark about every minute. */
export const WATCH_SILENCE_MS = 90_000

/** A watch that lived this long was healthy, even when nothing happened in it. */
export const WATCH_HEALTHY_MS = 10_000

/** Delays between failed watches and lists, milliseconds. */
export const REFLECTOR_BACKOFF = { first: 100, min: 500, max: 30_000 } as const

/** Longest delay while the server cannot be reached at all: asking costs it nothing, and its return should be noticed. */
export const UNREACHABLE_BACKOFF_MAX_MS = 5_000

/** Distinct events remembered for aggregation; the oldest is forgotten. */
export const EVENT_MAX_KEYS = 1_000

/** Characters of an object's name (API limit). */
export const NAME_MAX = 253

/** Bytes of an event's note (API limit 1024). */
export const EVENT_NOTE_MAX = 1_024

/** Milliseconds after which a repeated event starts a new series. */
export const EVENT_SERIES_MS = 6 * 60_000

/** Milliseconds between writes of recorded events. */
export const EVENT_FLUSH_MS = 1_000

/** Milliseconds until everything is reconciled again after a full work queue refused a key. */
export const OVERFLOW_RESYNC_MS = 5_000

/** Leader election after client-go, milliseconds. */
export const LEASE_DEFAULTS = { durationMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 } as const

/** Milliseconds during which an own write is believed before the watch has shown it. A healthy watch takes a few. */
export const OWN_WRITE_TRUST_MS = 5_000

/** Own writes not yet seen in a watch, per resource; the oldest is forgotten. */
export const OWN_WRITES_MAX = 4_096
