/** Bounds of the lab: what each protects is said beside it. */

/** Clusters of one lab: node addresses are 172.31.0.10 and up. */
export const MAX_CLUSTERS = 64

/** Nodes of one cluster: each has a 16th of its pod network, and a Link names at most 16 addresses, two for each. */
export const MAX_NODES = 8

/** Output kept of a program the lab runs, so that a chatty one cannot fill memory. Bytes. */
export const MAX_COMMAND_OUTPUT = 1 << 20

/** A program of the lab (ip, nft, mount) that has not ended by then hangs. Milliseconds. */
export const COMMAND_TIMEOUT = 20_000

/** Ages of connections between two nodes that are answered with a reset; older ones are forgotten. */
export const MAX_RESET_AGES = 1_024

/** How often it is looked whether pods that are cut off are still there. Milliseconds. */
export const POD_CUT_POLL = 1_000

/** Connections through one slow line at once; more are refused. */
export const MAX_LINE_CONNECTIONS = 4_096

/** Bytes on their way through one direction of a slow connection before its sender has to wait. */
export const MAX_LINE_BYTES = 4 << 20

/** How long a connection's destination is remembered until the slow line asks for it. Seconds. */
export const ASKED_SECONDS = 10

/** How long the process of a slow line may take to listen. Milliseconds. */
export const LINE_START_TIMEOUT = 15_000

/** Longest delay and jitter of a slow path, each way. Milliseconds. */
export const MAX_PATH_DELAY = 10_000

/** A path that loses more carries nothing. Percent. */
export const MAX_PATH_LOSS = 50

/** Longest line on the control socket, in both directions. Bytes. */
export const MAX_CONTROL_LINE = 1 << 20

/** Control connections at once: one per running `lab exec`. */
export const MAX_CONTROL_CONNECTIONS = 4_096

/** How long a control command may take before the client gives up. Milliseconds. */
export const CONTROL_TIMEOUT = 30_000

/** Log of one lab process; it starts again from nothing when it grows past this. Bytes. */
export const MAX_PROCESS_LOG = 16 << 20

/** How often sizes of process logs are looked at. Milliseconds. */
export const LOG_CHECK_INTERVAL = 30_000

/** Pause before a lab process that ended is started again. Milliseconds. */
export const RESTART_BACKOFF = { min: 100, max: 5_000 } as const

/** A lab process that ran this long counts as healthy: its next restart is quick again. Milliseconds. */
export const RESTART_HEALTHY_AFTER = 10_000

/** How long clusters may take to answer and their nodes to get ready. Milliseconds. */
export const CLUSTER_READY_TIMEOUT = 60_000

/** How long `lab down` waits for the processes to be gone. Milliseconds. */
export const DOWN_TIMEOUT = 20_000

/** Connections through one forwarder on 127.0.0.1; more are refused. */
export const MAX_FORWARDED_CONNECTIONS = 1_024

/** How long the supervisor may take to end by itself before it is killed. Milliseconds. */
export const STOP_GRACE = 5_000

/** Bytes of a unix socket's path (unix(7), sun_path without its final zero). */
export const MAX_SOCKET_PATH = 107

/** Ports below this may be refused to ordinary users. */
export const LOW_PORTS = 1_024

/** In loopback mode a low port that is refused is listened at this much higher. */
export const LOW_PORT_OFFSET = 10_000
