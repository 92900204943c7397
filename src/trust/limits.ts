/**
 * Bounds of trust, with what they protect.
 */

/** Clusters in Trust.status.members: one object has to hold them. The CRD says the same. */
export const MAX_MEMBERS = 1_000

/** Tries of an edit of an object that somebody else edits as well. */
export const EDIT_ATTEMPTS = 8

/** Longest value in one of our Secrets, bytes: a bundle of roots, or a trust statement. */
export const MAX_SECRET_VALUE = 256 * 1024

/** Part of its life after which a certificate is renewed, and by how much of it that may be earlier. */
export const RENEW_AT = 2 / 3
export const RENEW_JITTER = 1 / 20

/** Bounds of lives, milliseconds. The CRD says the same. */
export const LEAF_TTL = { min: 30_000, max: 8_760 * 3_600_000 } as const
export const AUTHORITY_TTL = { min: 120_000, max: 87_600 * 3_600_000 } as const
export const ROOT_TTL = { min: 300_000, max: 99_999 * 3_600_000 } as const

/** Members whose new authority is told at once: facts go to everybody and stay small. */
export const RENEWALS_AT_ONCE = 4

/** How long an answer is told before another member has its turn, milliseconds. */
export const RENEWAL_TURN_MS = 5 * 60_000

/** Shortest time between two new authorities of one member, milliseconds. */
export const RENEWAL_PAUSE_MS = 2_000

/** Longest wait before everything is looked at again, milliseconds; less when something is due. */
export const LOOK_EVERY_MS = 60_000

/** Shortest wait, so that a clock that jumps cannot have us spin, milliseconds. */
export const LOOK_AFTER_MS = 200

/** Part of the old root's life that is left when the new one takes over even if not all members trust it yet. */
export const ROOT_LAST_PART = 1 / 10

/** Pause between attempts to do what failed, milliseconds. */
export const TRUST_BACKOFF = { min: 200, max: 30_000 } as const

/** Part of its life that a certificate may be overdue before its condition says so. */
export const LATE_PART = 1 / 10

/** How long a cluster that leaves tells it before it forgets its keys, milliseconds: others hear of it within a second or two. */
export const LEAVE_TELL_MS = 5_000
