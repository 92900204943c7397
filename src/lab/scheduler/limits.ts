/** Bounds of the scheduler. */

/** Pause before pods are placed again after a binding failed. Milliseconds. */
export const BIND_BACKOFF = { min: 50, max: 5_000 } as const
