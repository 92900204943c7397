/**
 * Every bound of the data path, and what it protects.
 */

/** Flows open at once in one router, both sides together. Protects memory and file descriptors; the next is refused by reset. */
export const MAX_OPEN_FLOWS = 20_000

/** Open files kept for all that is not a flow (links, listeners, the Kubernetes API); at most a quarter of what there is. */
export const RESERVED_FILES = 1024

/** Stream buffer of flow sockets, bytes: what a socket still reads after it was told to pause. */
export const SOCKET_BUFFER_BYTES = 64 * 1024

/** Client bytes kept until the far side has accepted, so that the flow can be opened again elsewhere. Reading pauses beyond. */
export const RETRY_BUFFER_BYTES = 64 * 1024

/** Backends of one Service tried for one flow. */
export const MAX_BACKEND_ATTEMPTS = 3

/** Clusters tried for one flow. */
export const MAX_CLUSTER_ATTEMPTS = 4

/** TCP connect to one backend, milliseconds: room for one SYN to be sent again. */
export const BACKEND_CONNECT_MS = 3_000

/** From a client's connect until a backend has it, all attempts together, milliseconds. Then the client is reset. */
export const FLOW_ACCEPT_MS = 5_000

/** A cluster that was lost counts for so long as one that flows can go to, milliseconds: its link is being dialled again. */
export const RECENTLY_REACHABLE_MS = 10_000

/** How far apart deadlines are looked at, milliseconds: a deadline is late by no more than this. */
export const DEADLINE_STEP_MS = 250

/** How often a draining router looks whether the last bytes have left, milliseconds. */
export const DRAIN_LOOK_MS = 50

/** Idle time after which the kernel probes a flow's peer, milliseconds, so that vanished peers do not stay for ever. */
export const KEEP_ALIVE_MS = 60_000

/** Connections that wait in the kernel for accept(2); the kernel's somaxconn may make it smaller. */
export const LISTEN_BACKLOG = 4_096

/** Waits between attempts to bind a listener's port, milliseconds. */
export const BIND_RETRY = { min: 100, max: 5_000 } as const

/** Load figures kept of backends and clusters that have no flow now; older ones are dropped. */
export const MAX_IDLE_LOADS = 8_192

/** Clients remembered for session affinity, ingress and egress each; the one unseen for longest makes room. */
export const MAX_AFFINITIES = 65_536

/** Bytes on their way inside the router to a backend in its own cluster, for each direction of a flow. */
export const LOCAL_WINDOW_BYTES = 256 * 1024
