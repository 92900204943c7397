/**
 * Bounds of inviting and joining, with what they protect.
 */
import type { DurationBounds } from '../../core/duration.ts'

/** Random bytes of a code: nobody guesses 256 bits. */
export const CODE_BYTES = 32

/** Life of an invite, milliseconds. The CRD says the same. */
export const INVITE_TTL: DurationBounds & { readonly default: string } = {
  min: 10_000,
  max: 7 * 86_400_000,
  default: '15m',
}

/** Clusters that one invite lets in at most: each has a line in its status. The CRD says the same. */
export const MAX_REDEMPTIONS = 100

/** Invites that can be open at once: each code that comes is compared with all of theirs. */
export const MAX_INVITES = 256

/** Bytes of a request: a code and a certificate request of at most 4 KiB as JSON. */
export const MAX_REDEMPTION_BYTES = 8 * 1024

/** Bytes of an answer: a certificate, roots, endpoints and a trust statement. */
export const MAX_ANSWER_BYTES = 256 * 1024

/** Bytes of the request line and header fields. */
export const MAX_HEADER_BYTES = 4 * 1024

/** Header fields of a request: ours have five. */
export const MAX_HEADER_FIELDS = 24

/** Connections to the redemption port. One more ends the oldest: an honest one takes a fraction of a second. */
export const MAX_CONNECTIONS = 64

/** Milliseconds for the TLS handshake, for the header, and for the whole request. */
export const REQUEST_TIMES = { handshake: 5_000, header: 5_000, request: 10_000 } as const

/** Milliseconds between looks for connections that took too long. */
export const TIMEOUT_CHECK_MS = 1_000

/** New connections of one source address: each costs a handshake. Many clusters may come from behind one address. */
export const SOURCE_RATE = { perSecond: 2, burst: 20 } as const

/** New connections of all sources together: what strangers can cost us. */
export const TOTAL_RATE = { perSecond: 50, burst: 200 } as const

/** Source addresses whose rate is remembered; the one that was heard longest ago is forgotten. */
export const MAX_SOURCES = 4_096

/** Tries to count a redemption when others count at the same time. */
export const COUNT_ATTEMPTS = 10

/** Milliseconds until the TLS connection to a redemption port stands, and until the answer is here. */
export const REDEEM_TIMES = { connect: 10_000, answer: 15_000 } as const

/** Delays between tries to redeem while the other side cannot be reached or has no time, milliseconds. */
export const REDEEM_BACKOFF = { min: 1_000, max: 30_000 } as const

/** Tries until "unknown code" is final: a replica of the other controller may not know a new invite yet. */
export const UNKNOWN_CODE_TRIES = 3

/** Endpoints of a Link, as in its CRD. */
export const MAX_ENDPOINTS = 16

/** Milliseconds between looks at an invite that waits for an address. */
export const ADDRESS_RECHECK_MS = 2_000

/** Requests to join and invites worked on at once: one, as two requests must not make this cluster a member twice. */
export const JOIN_WORKERS = 1

/** Delays after a failed write, milliseconds. */
export const WRITE_BACKOFF = { min: 100, max: 10_000 } as const

/** Life of the certificate that the redemption port shows, days, and when it is made anew, milliseconds: at two thirds. */
export const PORT_LEAF_DAYS = 1
export const PORT_LEAF_RENEW_MS = 16 * 3_600_000
