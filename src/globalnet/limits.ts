/**
 * Every bound of global addresses, with what it protects.
 */

/** Addresses in one cluster's block. Less leaves nothing beside the first and the last. */
export const BLOCK_MIN_ADDRESSES = 4

/** Half of the default range: no cluster can hold all of it. */
export const BLOCK_MAX_ADDRESSES = 8_388_608

/** Claims that are looked at: the clusters that a router's directory may hold, and then some. */
export const CLAIMS_MAX = 4_096

/** How far ahead of our clock another cluster's claim may be and still move the time of our next one. */
export const CLAIM_AHEAD_MS = 24 * 3_600_000

/** Released blocks that are remembered; the ones that are free soonest are forgotten first. */
export const QUIET_BLOCKS_MAX = 4_096

/**
 * Resting addresses that the status of a GlobalNetwork records, some 100 bytes each: what one object may hold. Of more the
 * ones that are free soonest are left out, and forgotten by a controller that starts.
 */
export const RECORDED_RESTING_MAX = 2_048

/** Resting blocks that it records. */
export const RECORDED_QUIET_BLOCKS_MAX = 512

/** Blocks that a cluster asks its hash for before it counts the free ones. */
export const BLOCK_PROBES = 8

/** Claims, and other things of which there may be many, that one message for people names. */
export const NAMED_IN_MESSAGE = 8

/** How long an address rests after its owner gave it up, milliseconds: others may have it in caches and open connections. */
export const ADDRESS_QUIET_MS = 10 * 60_000

/** The same of a block that a cluster gave up, milliseconds. */
export const BLOCK_QUIET_MS = 60 * 60_000

/** How long a controller listens for the claims of others before it makes its first one, milliseconds. */
export const FIRST_CLAIM_AFTER_MS = 3_000

/** Least time between two computations of who has which address, milliseconds: a thousand exports come at once. */
export const PLAN_PAUSE_MS = 100

/** How often all is looked at again, milliseconds: addresses and blocks that rest become free by time alone. */
export const REVIEW_EVERY_MS = 10_000

/** Namespaces whose pods are watched because several GlobalEgressIPs select some of them. */
export const CONTESTED_NAMESPACES_MAX = 64

/** Least time between two looks at which of these lose pods, milliseconds: a rollout changes many. */
export const CONTEST_PAUSE_MS = 1_000

/** Objects written at a time. */
export const GLOBALNET_WORKERS = 8

/** Pause before a write that failed is tried again, milliseconds. */
export const GLOBALNET_BACKOFF = { min: 50, max: 30_000 } as const
