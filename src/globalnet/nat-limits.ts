/**
 * Every bound of the node's agent, with what it protects.
 */

/** Global addresses with protocol and port that one node translates: kernel memory, and the time a listing takes. */
export const GLOBALS_MAX = 65_536

/** Targets of one of them: what one rule can spread over. */
export const TARGETS_MAX = 256

/** Routers whose ports are known. */
export const ROUTERS_MAX = 256

/** Slots of one router: all of SOURCE_PORTS in pieces of 64. */
export const SLOTS_PER_ROUTER_MAX = 512

/** Slots of all routers. */
export const SLOTS_MAX = 32_768

/** Pods of one node. */
export const PODS_MAX = 4_096

/** Problems with objects that are remembered as said, so that each is said once. */
export const PROBLEMS_SAID_MAX = 1_000

/** Milliseconds for which changes are gathered before they are applied together: the API sends bursts. */
export const APPLY_DELAY_MS = 10

/** A new look at all objects waits so many times as long as the last one took. */
export const ASSEMBLY_SHARE = 4

/** Milliseconds between two looks at what is in force. */
export const VERIFY_MS = 2_000

/** A look that takes long is repeated less often, so that it costs at most a tenth of a processor, but at least this often. */
export const VERIFY_SLOWEST_MS = 4_000

/** Pause after an error, milliseconds. */
export const RETRY_BACKOFF = { min: 100, max: 10_000 } as const

/** How long slots that an earlier agent wrote are kept while their router has told nothing, milliseconds. */
export const INHERIT_MS = 30_000

/** Milliseconds that nft or conntrack may take: thousands of elements on a busy node take seconds. */
export const COMMAND_TIMEOUT_MS = 20_000

/** Bytes that a command may print: a listing with every bound above used up. */
export const COMMAND_OUTPUT_MAX = 64 * 1024 * 1024

/** conntrack(8) calls that one change may cause; the rest of the flows time out by themselves. */
export const STALE_FLOWS_MAX = 256

/** Elements in one command of a transaction: keeps lines readable in an error message. */
export const ELEMENTS_PER_COMMAND = 256
