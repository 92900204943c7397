/**
 * Bounds and times of the topology: what the routers of the clusterset can make one router hold and do.
 */

/** Routers known at once, those that cannot be reached any more included. */
export const MAX_ROUTERS = 16_384

/** Neighbours in all advertisements together: bounds the memory of the graph. */
export const MAX_NEIGHBOUR_ENTRIES = 262_144

/** Highest sequence number; peers may not send more. */
export const MAX_SEQUENCE = 2 ** 50

/** Routers on one path, its destination included. Longer paths are not offered. */
export const MAX_HOPS = 32

/** Paths of equal cost that are offered for one destination. */
export const MAX_EQUAL_PATHS = 4

/** Neighbours whose losses are remembered. */
export const MAX_DAMPED = 1_024

/** Own advertisements follow each other no closer than `min`, while there is much to say no closer than `max`, milliseconds. */
export const ORIGINATE_PACE = { min: 50, max: 200 } as const

/** The same for what is passed on to neighbours. */
export const FLOOD_PACE = { min: 10, max: 100 } as const

/** The same for computing paths. */
export const COMPUTE_PACE = { min: 20, max: 500 } as const

/** A round trip that moved to another step is told after this, milliseconds: paths do not hang on it. */
export const ROUND_TRIP_DELAY_MS = 5_000

/** Each router makes its advertisement anew, and compares all with its neighbours, so often, milliseconds (with jitter). */
export const REFRESH_MS = 600_000

/** An advertisement that was not made anew for so long is dropped, milliseconds. */
export const MAX_AGE_MS = 3 * REFRESH_MS

/** How often ages are looked at, milliseconds. */
export const SWEEP_MS = 10_000

/** A router that cannot be reached for so long is forgotten, milliseconds: its process is gone, or the network is parted. */
export const FORGET_MS = 60_000

/** How long the words of a router that others name may be on their way before they are asked for, milliseconds. */
export const MISSING_MS = 500

/** Of so many missing routers on, all is compared instead of asking for each. */
export const MANY_MISSING = 50

/** After this without a loss a neighbour's record is half as bad, milliseconds. */
export const FLAP_HALF_LIFE_MS = 30_000

/** How long a neighbour that was lost again and again is kept out: doubles with each loss, milliseconds. */
export const HOLD_DOWN = { min: 1_000, max: 60_000 } as const

/** Losses within the half-life that are forgiven: restarts and a re-dialled link are no flapping. */
export const FORGIVEN_LOSSES = 2
