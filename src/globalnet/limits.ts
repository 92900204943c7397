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

/** Blocks that a cluster asks its hash for before it counts the free ones. */
export const BLOCK_PROBES = 8

/** Claims, and other things of which there may be many, that one message for people names. */
export const NAMED_IN_MESSAGE = 8
