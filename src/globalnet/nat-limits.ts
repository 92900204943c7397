/**
 * Every bound of the node's agent, with what it protects.
 */

/** Milliseconds that nft or conntrack may take: thousands of elements on a busy node take seconds. */
export const COMMAND_TIMEOUT_MS = 20_000

/** Bytes that a command may print: a listing with every bound above used up. */
export const COMMAND_OUTPUT_MAX = 64 * 1024 * 1024

/** conntrack(8) calls that one change may cause; the rest of the flows time out by themselves. */
export const STALE_FLOWS_MAX = 256

/** Elements in one command of a transaction: keeps lines readable in an error message. */
export const ELEMENTS_PER_COMMAND = 256
