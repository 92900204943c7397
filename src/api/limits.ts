/**
 * Bounds of what routers tell each other about the topology, their agents about source ports, and records about importers:
 * what one message of a peer can make us hold.
 */

/** Neighbours in one router's advertisement: all of them fit one control message. */
export const MAX_NEIGHBOURS = 1_024

/** Highest cost of a link, as the Link resource allows. */
export const MAX_LINK_COST = 1_000_000

/** Longest round trip that is advertised, milliseconds. */
export const MAX_ROUND_TRIP_MS = 10_000

/** Advertisements in one message, whole and changed ones each. */
export const MAX_ADVERTISEMENTS_PER_MESSAGE = 512

/** Bytes of JSON of all advertisements in one message: leaves room for the rest of a control message. */
export const MAX_ADVERTISEMENT_BYTES = 47 * 1024

/** Routers in one message that lists them, a digest for one: at most 60 bytes each. */
export const MAX_LISTED_ROUTERS = 700

/** Longest name of a router, characters: that of a pod. */
export const MAX_ROUTER_NAME = 253

/** Slots of source ports of one router: as many as the range has. All of them fit one control message. */
export const MAX_SOURCE_SLOTS = 512

/** Longest signature of an advertisement with its certificates, characters: one of 1,000 neighbours still fits a message. */
export const MAX_PROOF = 4_096

/** Longest message of a condition we write; the API allows 32,768. */
export const CONDITION_MESSAGE_MAX = 1_024

/** Clusters that the record of one export names as those that may import it: at most 17 KiB of a record. */
export const MAX_IMPORTERS = 256
