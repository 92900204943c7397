/**
 * Every bound of exports and imports, with what it protects.
 */

/** Ports of one exported Service: a record stays small enough to flood to every router. */
export const RECORD_MAX_PORTS = 64

/** Router ports of one import: leaves most of the 10,000 to the others. */
export const LISTEN_PORTS_PER_IMPORT = 512

/** Router ports of the endpoints of one headless import: three for each of 300, and most of the range for others. */
export const ENDPOINT_PORTS_PER_IMPORT = 1_024

/** Router ports of the endpoints of all headless imports: imports with an address always have the others. */
export const ENDPOINT_PORTS = 6_000

/** Endpoints whose addresses are remembered when they go: all that can be at a time (ENDPOINT_PORTS), and some that went. */
export const REMEMBERED_ADDRESSES = 8_192

/** Remote endpoints in one EndpointSlice, as the controller of Kubernetes has it: one that changes rewrites few others. */
export const HOSTS_PER_SLICE = 100

/** Derived Services of one headless import written at the same time, each with its slice. */
export const ENDPOINT_WRITERS = 16

/** Bytes of one record as JSON: what peers take (MAX_RECORD_BYTES of the link). */
export const RECORD_MAX_BYTES = 40 * 1024

/** Ready endpoints that a record tells of one port: nobody balances over more. */
export const RECORD_MAX_ENDPOINTS = 1_000_000

/** Endpoints that the record of a headless Service names: each takes objects and router ports in every other cluster. */
export const RECORD_MAX_NAMED_ENDPOINTS = 512

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

/** Milliseconds between two comparisons of everything with what it should be. Costs no request when all is well. */
export const RESYNC_MS = 5 * 60_000

/** Milliseconds after which imports are looked at again when their definition changed: API servers take less to serve the new one. */
export const DEFINITION_SETTLE_MS = 5_000

/** Delays between failed writes of one object, milliseconds. */
export const WRITE_BACKOFF = { min: 50, max: 30_000 } as const

/** How long a cluster may be out of reach before its endpoints give way, and the bounds of what can be chosen, milliseconds. */
export const STALE_AFTER_MS = 60_000
export const STALE_AFTER_BOUNDS = { min: 1_000, max: 24 * 3_600_000 } as const

/** Namespaces told to be missing: what peers take (MAX_MISSING_NAMESPACES of the link). */
export const MISSING_NAMESPACES_MAX = 100

/** ClusterProperties told, and characters of a value: what peers take (MAX_PROPERTIES, MAX_PROPERTY_VALUE of the link). */
export const PROPERTIES_MAX = 32
export const PROPERTY_MAX_VALUE = 128

/** Cluster selectors of one export (KEP-5939), requirements of one, values of one requirement, and characters of all as JSON. */
export const SELECTORS_MAX = 16
export const SELECTOR_MAX_REQUIREMENTS = 16
export const SELECTOR_MAX_VALUES = 32
export const SELECTOR_MAX_CHARS = 4_096

/** Clusters that one condition names; the rest is counted. Names are at most 63 characters long. */
export const MESSAGE_CLUSTERS = 12

/** How long a derived Service that is made again asks for the addresses it had, before it takes others. */
export const ADDRESS_RETRY = { attempts: 6, pauseMs: 100 } as const

/** Targets of one TrafficPolicy: with the other bounds, how much one policy can hold of a router's memory. */
export const POLICY_MAX_TARGETS = 64

/** Labels of one target's selector. */
export const POLICY_MAX_LABELS = 32

/** Clusters in the failover order of one policy. */
export const POLICY_MAX_FAILOVER = 64

/** Clusters with a weight in one policy. */
export const POLICY_MAX_WEIGHTS = 256

/** Largest weight of a cluster. */
export const POLICY_MAX_WEIGHT = 1_000

/** Further connects after a failed one: a client waits for all of them. */
export const POLICY_MAX_RETRIES = 10

/** Failures in a row before an endpoint is ejected. */
export const POLICY_MAX_FAILURES = 1_000

/** Bounds of the durations of a policy, milliseconds. The CRD states the same. */
export const POLICY_DURATIONS = {
  connectTimeout: { min: 1, max: 5 * 60_000 },
  /** A backend that is tried again at once is not left alone. */
  baseTime: { min: 100, max: 24 * 3_600_000 },
  maxTime: { min: 100, max: 24 * 3_600_000 },
  idleTimeout: { min: 0, max: 7 * 24 * 3_600_000 },
  /** Sent bytes are kept for so long after a link is lost; routers keep no flow longer. */
  resumeGrace: { min: 0, max: 5 * 60_000 },
  udpIdleTimeout: { min: 1_000, max: 3_600_000 },
} as const

/** Services listed in the status of one policy: keeps the object far from etcd's limit. */
export const POLICY_STATUS_SERVICES = 256

/** Names in one message about services of a policy; the rest is counted. */
export const POLICY_MESSAGE_NAMES = 8

/** Policy statuses written at the same time. They must not hold up imports. */
export const POLICY_WORKERS = 2

/** Rules of one ServicePolicy, and entries of one list in a rule: what a router looks at for a new flow. The CRD states both. */
export const ACCESS_MAX_RULES = 64
export const ACCESS_MAX_ENTRIES = 64

/** ServicePolicies that hold for one export; younger ones are left out, and say so. */
export const ACCESS_MAX_POLICIES = 32

/** Bounds of the limits of a ServicePolicy. The CRD states the same. Fewer bytes would make one read stand for minutes. */
export const ACCESS_BOUNDS = {
  connections: { min: 1, max: 1_000_000 },
  connectionsPerSecond: { min: 1, max: 1_000_000 },
  bytesPerSecond: { min: 1_024, max: 1_000_000_000_000 },
} as const

/** Exports listed in the status of one ServicePolicy, and clusters whose refusals are. */
export const ACCESS_STATUS_EXPORTS = 256
export const ACCESS_STATUS_CLUSTERS = 32

/** Milliseconds between two Events about one cluster that a ServicePolicy refuses flows of. */
export const DENIAL_EVENT_MS = 60_000

/** How late such an Event may be, milliseconds, and policies with clusters that are remembered for them. */
export const DENIAL_EVENT_LOOK_MS = 5_000
export const DENIAL_EVENTS_MAX = 4_096

/**
 * Milliseconds from a refusal until the router writes it, between two writes to one ServicePolicy, which strangers may
 * cause, for the last writes of a router that ends, and between attempts of those.
 */
export const DENIAL_WRITE_MS = { first: 1_000, next: 10_000, last: 2_000, again: 100 } as const

/** ServicePolicies a router writes refusals to at a time. */
export const DENIAL_WRITERS = 4

/** Pods whose addresses a router knows: what Kubernetes is made for (150,000 a cluster), at about 0.4 KB each. */
export const CLIENT_PODS_MAX = 150_000

/** Different names of namespaces and service accounts that are shared among pods; all are forgotten when there are more. */
export const SHARED_WORDS_MAX = 10_000

/** Endpoints of one Link. The CRD states this and the next three as well. */
export const LINK_MAX_ENDPOINTS = 16

/** Bytes of certificates that a Link may trust. */
export const LINK_MAX_CA = 64 * 1024

/** Bounds of the times of a Link, seconds. */
export const LINK_SECONDS = {
  keepAliveSeconds: { min: 1, max: 120 },
  dialTimeoutSeconds: { min: 1, max: 60 },
} as const

/** Bounds of the window of a Link, bytes: less would stop flows between two acknowledgements, more is memory. */
export const LINK_WINDOW = { min: 64 * 1024, max: 64 * 1024 * 1024 } as const

/** How long the Kubernetes API may take to give a proxy's credentials before those last read are used, milliseconds. */
export const SECRET_TIMEOUT_MS = 2_000

/** Longest credentials of a proxy, bytes. */
export const SECRET_MAX_BYTES = 4096

/** Credentials remembered while the API cannot be reached. */
export const SECRETS_MAX = 256

/**
 * How far in the future an epoch of ours that another cluster claims to hold may lie, milliseconds: ten years. Clocks have been
 * further ahead, but each such claim drives our epochs on, and the protocol ends at 2^50.
 */
export const EPOCH_AHEAD_MAX_MS = 10 * 365 * 24 * 3_600_000
