/**
 * Every bound of exports and imports, with what it protects.
 */

/** Ports of one exported Service: a record stays small enough to flood to every router. */
export const RECORD_MAX_PORTS = 64

/** Router ports of one import: leaves most of the 10,000 to the others. */
export const LISTEN_PORTS_PER_IMPORT = 512

/** Bytes of one record as JSON: what peers take (MAX_RECORD_BYTES of the link). */
export const RECORD_MAX_BYTES = 32 * 1024

/** Ready endpoints that a record tells of one port: nobody balances over more. */
export const RECORD_MAX_ENDPOINTS = 1_000_000

/** Exported labels, and exported annotations, of one Service. */
export const RECORD_MAX_METADATA_KEYS = 32

/** Characters of all keys and values of the exported labels, and of the exported annotations. */
export const RECORD_MAX_METADATA_CHARS = 4_096

/** Records of one cluster: what a router keeps for one origin. */
export const ORIGIN_MAX_RECORDS = 10_000

/** States of ours kept while they wait for the router's confirmation: the newest replaces all before it. */
export const UNCONFIRMED_MAX = 64

/** Endpoints in one EndpointSlice (API limit). */
export const SLICE_MAX_ENDPOINTS = 1_000

/** Imports written at the same time: enough to keep the API server busy, few enough to leave it room for others. */
export const IMPORT_WORKERS = 8

/** Export statuses written at the same time. They must not hold up imports. */
export const EXPORT_WORKERS = 4

/** Milliseconds during which an own write is believed before the watch has shown it. A healthy watch takes a few. */
export const OWN_WRITE_TRUST_MS = 5_000

/** Own writes not yet seen in a watch, per resource; the oldest is forgotten. */
export const OWN_WRITES_MAX = 4_096

/** Milliseconds between two comparisons of everything with what it should be. Costs no request when all is well. */
export const RESYNC_MS = 5 * 60_000

/** Delays between failed writes of one object, milliseconds. */
export const WRITE_BACKOFF = { min: 50, max: 30_000 } as const

/** Longest message of a condition we write; the API allows 32,768. */
export const CONDITION_MESSAGE_MAX = 1_024
