/**
 * Every bound of the data path, and what it protects.
 */

/** Flows open at once in one router, both sides together. Protects memory and file descriptors; the next is refused by reset. */
export const MAX_OPEN_FLOWS = 20_000

/**
 * Nobody may have more than so many times the flows that are left for others, which protects all from the one that opens
 * flows without end: a client alone two of three places, a cluster four of five, so that its other clients have some too.
 */
export const LARGEST_SHARE = { client: 2, cluster: 4 } as const

/** Open files kept for all that is not a flow (links, listeners, the Kubernetes API); at most a quarter of what there is. */
export const RESERVED_FILES = 1024

/** Stream buffer of flow sockets, bytes: what a socket still reads after it was told to pause. */
export const SOCKET_BUFFER_BYTES = 64 * 1024

/** Client bytes kept until the far side has accepted, so that the flow can be opened again elsewhere. Reading pauses beyond. */
export const RETRY_BUFFER_BYTES = 64 * 1024

/** A new flow waits for the link to its cluster at most so long, milliseconds: links are dialled again within a second. */
export const LINK_WAIT_MS = 2_000

/** A cluster that was lost counts for so long as one that flows can go to, milliseconds: its link is being dialled again. */
export const RECENTLY_REACHABLE_MS = 10_000

/** How far apart deadlines are looked at, milliseconds: a deadline is late by no more than this. */
export const DEADLINE_STEP_MS = 250

/** Different time-outs of one kind that queues are kept for while nothing waits: policies may come and go. */
export const MAX_IDLE_DEADLINES = 64

/** How often a flow's idle time is looked at: a flow ends after its idle time and at most 1 / IDLE_LOOKS more. */
export const IDLE_LOOKS = 4

/** Backends whose failures are counted at once; what fails beyond is taken for sound. */
export const MAX_WATCHED_ENDPOINTS = 4_096

/** Probes of ejected backends under way at once: sockets, when a whole node is gone. */
export const MAX_PROBES = 64

/** How often a backend is probed while it is ejected once. */
export const PROBES_PER_EJECTION = 5

/** Bytes that flows may have buffered: a share of the process's memory, within bounds. */
export const BUFFER_MEMORY = { share: 0.25, min: 32 * 1024 * 1024, max: 2 * 1024 * 1024 * 1024 } as const

/** How often a draining router looks whether the last bytes have left, milliseconds. */
export const DRAIN_LOOK_MS = 50

/** Idle time after which the kernel probes a flow's peer, milliseconds, so that vanished peers do not stay for ever. */
export const KEEP_ALIVE_MS = 60_000

/** A flow whose socket is not read from looks this often whether its peer has reset it meanwhile, milliseconds. */
export const STALL_PROBE_MS = 5_000

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

/** Datagrams of the same, of which at most so many bytes wait as well; more cost the oldest. */
export const LOCAL_DATAGRAMS = 256
