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

/** Certificates in a chain that somebody shows: leaf, authority, root, and the root that signed a new root. */
export const MAX_CHAIN = 4

/** Certificates that are shown with a signature: the leaf and its authority. */
export const MAX_SHOWN_CHAIN = 2

/** Longest of them, characters of base64: names of a process or two and an RSA key of 4096 bits fit. */
export const MAX_SHOWN_CERTIFICATE = 4096

/** Longest signature, characters of base64: that of an RSA key of 4096 bits fits. */
export const MAX_SIGNATURE = 704

/** Roots in a bundle: two while one replaces the other. */
export const MAX_ROOTS = 8

/** Longest certificate, bytes of PEM or DER. */
export const MAX_CERTIFICATE = 8 * 1024

/** Longest certificate request, bytes of PEM. */
export const MAX_REQUEST = 4 * 1024

/** Clusters in the list of those that were revoked. They leave it when the last authority they can have had has ended. */
export const MAX_REVOKED = 256

/** Longest trust statement, bytes of JSON: one control message carries it. */
export const MAX_STATEMENT = 40 * 1024

/** Longest name of a certificate's subject: ub-common-name of RFC 5280 appendix A.1. */
export const MAX_COMMON_NAME = 64
