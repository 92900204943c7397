/**
 * Bounds of the resolver, and what each protects.
 */

/** UDP answer for clients without EDNS, octets (RFC 1035 section 4.2.1). */
export const UDP_SIZE_WITHOUT_EDNS = 512

/** Largest UDP answer whatever the client says: fits every path without fragments, and is of little use for reflection. */
export const UDP_SIZE_MAX = 1_232

/** Largest message over TCP, octets: its length field has 16 bits. */
export const TCP_SIZE_MAX = 65_535

/** Largest query over TCP, octets: names are 255 at most, so anything near this is no query of ours. */
export const TCP_QUERY_MAX = 4_096

/** TCP connections at once; further ones are closed at once, so that sockets stay for UDP and health checks. */
export const TCP_MAX_CONNECTIONS = 256

/** TCP connections of one source at once: half of all, so that no one source keeps the others out. */
export const TCP_MAX_PER_SOURCE = 128

/** Queries of one TCP connection in work at once; reading stops meanwhile. */
export const TCP_MAX_PIPELINED = 64

/** Answer octets a TCP client may leave unread before its queries wait. */
export const TCP_MAX_UNREAD = 256 * 1024

/** A TCP connection without traffic is closed after this, milliseconds (RFC 7766 section 6.2.3). */
export const TCP_IDLE_MS = 10_000

/** A query that has begun must be complete after this, milliseconds: drip-feeding holds no connection. */
export const TCP_FRAME_MS = 5_000

/** Answer octets waiting in the UDP socket; more are dropped, as the network would. */
export const UDP_MAX_QUEUED = 4 * 1024 * 1024

/** Of so many UDP responses one is watched: how much waits in the socket, and whether it could be sent. */
export const UDP_WATCH_EVERY = 64

/** Receive buffer asked of the kernel for the UDP socket, octets: rides out a pause of the event loop. */
export const UDP_RECEIVE_BUFFER = 1024 * 1024

/** Encoded answers kept. Only names that exist are kept, so a flood of random names cannot push them out. */
export const CACHE_MAX_ANSWERS = 10_000

/** Records in one section of an answer; the rest of a larger set is left out. */
export const MAX_RECORDS_PER_SECTION = 1_000

/** Additional records in a query: an OPT and a TSIG (RFC 6891, RFC 8945). */
export const MAX_QUERY_ADDITIONALS = 2

/** Longest name in text form, without the last dot (RFC 1035 section 2.3.4). */
export const MAX_NAME_LENGTH = 253

/** Longest label (RFC 1035 section 2.3.4). */
export const MAX_LABEL_LENGTH = 63

/** How often plain counters are handed to the metrics, milliseconds. */
export const METRICS_FLUSH_MS = 1_000

/** Ports tried when any free one will do and TCP's twin of the UDP port is taken. */
export const PORT_ATTEMPTS = 10

/** Aliases (ExternalName) followed for one answer: two that name each other end. */
export const MAX_ALIASES = 8

/**
 * UDP messages a second from one source, unless a flag says otherwise. In a cluster all queries come from a few CoreDNS
 * pods, so this is far above what they need; it keeps one source from taking the whole process.
 */
export const SOURCE_RATE_DEFAULT = 20_000

/** UDP messages at once from one source, in seconds of its rate. */
export const SOURCE_BURST_SECONDS = 1

/** Sources whose rate is watched at once, some 150 octets each; further ones share one rate until another is idle. */
export const SOURCES_MAX = 16_384

/** Sources looked at for one that is idle when a new one needs its place: bounds the work that forged addresses make. */
export const SOURCE_EVICTION_TRIES = 8
