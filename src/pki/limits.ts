/**
 * Bounds of certificates and names.
 */

/** The clocks of two machines may differ by this: certificates are valid so long before they were made. Milliseconds. */
export const CLOCK_SKEW_MS = 5 * 60_000

/** Longest life of a certificate, days: past it clients such as curl or Go refuse oddly. */
export const MAX_DAYS = 36_500

/** Random bytes of a serial number; RFC 5280 section 4.1.2.2 allows 20. */
export const SERIAL_BYTES = 16

/** Longest SPIFFE id (SPIFFE-ID section 2.3). */
export const MAX_SPIFFE_ID = 2048

/** Longest trust domain name (SPIFFE-ID section 2.1). */
export const MAX_CLUSTERSET_NAME = 255
