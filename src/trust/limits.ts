/**
 * Bounds of trust, with what they protect.
 */

/** Clusters in Trust.status.members: one object has to hold them. The CRD says the same. */
export const MAX_MEMBERS = 1_000

/** Tries of an edit of an object that somebody else edits as well. */
export const EDIT_ATTEMPTS = 8

/** Longest value in one of our Secrets, bytes: a bundle of roots, or a trust statement. */
export const MAX_SECRET_VALUE = 256 * 1024
