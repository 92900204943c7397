/** Bounds of the service proxy. */

/** Milliseconds for which changes are gathered before they are applied together: the API sends bursts. */
export const APPLY_DELAY = 2

/** Pause before rules that were refused are tried again. Milliseconds. */
export const APPLY_BACKOFF = { min: 50, max: 5_000 } as const

/** conntrack(8) calls a change may cause; the flows of the rest time out by themselves (30 s for UDP). */
export const MAX_STALE_FLOWS = 256
