/**
 * Bounds of the lab's cluster DNS, and what each protects.
 */

/** Forwarded queries waiting for an upstream; further ones are SERVFAIL at once. */
export const MAX_FORWARDED = 1_024

/** Waits for an upstream's answer before the query is sent again, to the next one, milliseconds. */
export const FORWARD_WAITS: readonly number[] = [250, 500, 1_000, 1_500]

/** Wait for an upstream's answer over TCP, milliseconds. */
export const FORWARD_TCP_MS = 3_000

/** Largest Corefile read, characters. */
export const COREFILE_MAX_LENGTH = 64 * 1024

/** Upstreams of one forward line, as in CoreDNS. */
export const MAX_UPSTREAMS = 15
