/**
 * Every bound of UDP, and what it protects.
 */

/** Associations of clients at once in one router. Protects memory: one takes about 2 KiB on this side. */
export const MAX_ASSOCIATIONS = 65_536

/** The same of one listener, so that clients of one import leave room for those of others. */
export const MAX_LISTENER_ASSOCIATIONS = 16_384

/** Share of the flows the open files allow that associations to backends, which have a socket each, may take: the rest is TCP's. */
export const EGRESS_SHARE = 0.75

/** In a full table an association idle for so long makes room for a new client, milliseconds; busier ones stay. */
export const EVICT_IDLE_MS = 1_000

/** Associations of a full table looked at for one that is idle, for each new client. */
export const EVICT_LOOKS = 8

/** First datagrams kept of one association until a backend has it, to be sent again elsewhere. */
export const FIRST_DATAGRAMS = 16

/** Bytes of them. One of the largest size fits. */
export const FIRST_DATAGRAMS_BYTES = 96 * 1024

/** Bytes of them of all associations together, each side; what finds no room is sent and not kept. */
export const ALL_FIRST_DATAGRAMS_BYTES = 32 * 1024 * 1024

/**
 * How long a backend may refuse (ICMP port unreachable) before its silence counts as consent, milliseconds: the answer of a
 * pod network comes within a few. Until then the first datagrams are kept and can go elsewhere.
 */
export const SETTLE_MS = 250

/** How long an ended association waits for the far side to end as well, milliseconds; then it is reset. */
export const END_MS = 10_000

/** The client's router ends idle associations; the backend's does so only after this, when nobody else did, milliseconds. */
export const EGRESS_IDLE_MS = 600_000

/** Idle time-out while the router drains, milliseconds: what still carries datagrams may go on until the grace ends. */
export const DRAIN_IDLE_MS = 1_000

/** How far apart idle times are looked at, milliseconds: an association ends late by no more than three of these. */
export const IDLE_STEP_MS = 250

/** Largest datagram: 65,535 less the headers of IPv4 (20) and UDP (8), octets. */
export const MAX_DATAGRAM_BYTES = 65_507

/** Kernel buffer asked for towards clients and towards one backend, bytes; the kernel doubles it, and net.core.*mem_max caps it. */
export const LISTENER_BUFFER_BYTES = 4 * 1024 * 1024
export const BACKEND_BUFFER_BYTES = 512 * 1024

/** Bytes that wait in a socket the kernel takes no more from; further datagrams are dropped. */
export const SEND_QUEUE_BYTES = 1024 * 1024
