/** Bounds of the kubelet. */

/** Pause before a container that ended is started again: doubling, as Kubernetes does, but sooner. Milliseconds. */
export const CRASH_BACKOFF = { min: 200, max: 10_000 } as const

/** A container that ran this long is healthy: its next restart is quick again. Milliseconds. */
export const HEALTHY_AFTER = 10_000

/** Pause before a pod that could not be set up is tried again. Milliseconds. */
export const SETUP_BACKOFF = { min: 100, max: 2_000 } as const

/** Pause before a status the API server did not take is written again. Milliseconds. */
export const STATUS_BACKOFF = { min: 50, max: 2_000 } as const

/** How often readiness is asked until it is given for the first time. Milliseconds. */
export const QUICK_PROBE_INTERVAL = 100

/** Pods of one node. */
export const MAX_PODS = 500

/** Size of a container's log after which it is moved aside; what was moved before is dropped then. Bytes. */
export const MAX_LOG_SIZE = 8 << 20

/** Longest log line; longer ones are split (as the container runtimes do). Bytes. */
export const MAX_LOG_LINE = 16 << 10

/** What a reader of logs may be behind before it is cut off. Bytes. */
export const MAX_LOG_BACKLOG = 4 << 20

/** Readers that follow the log of one container. */
export const MAX_LOG_FOLLOWERS = 64

/** Body of a probe's HTTP answer or output of its command that is looked at. Bytes. */
export const MAX_PROBE_OUTPUT = 10 << 10

/** Life of a service account token, and the part of it after which it is renewed. Seconds. */
export const TOKEN_SECONDS = 3_600
export const TOKEN_RENEW_AT = 0.8

/** How often the node says that it is alive. Milliseconds. */
export const HEARTBEAT_INTERVAL = 10_000

/** How long the API server may take to give a token. Milliseconds. */
export const TOKEN_REQUEST_TIMEOUT = 5_000

/** How often volumes are looked at for tokens to renew. Milliseconds. */
export const VOLUME_REFRESH_INTERVAL = 30_000
