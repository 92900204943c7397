/**
 * Bounds of links and control sessions: what one peer, or somebody who is no peer at all, can make us hold.
 */

/** Longest control message, bytes: with AMQP's header it fits one frame, so no message is ever put together from parts. */
export const MAX_MESSAGE_BYTES = 48 * 1024

/** Longest AMQP frame on a control connection, bytes; checked before the AMQP library sees it. */
export const MAX_CONTROL_FRAME = 64 * 1024

/** Objects and lists in each other in a control message: twice what there is now, for later versions. Protects the stack of whoever goes into them. */
export const MAX_MESSAGE_DEPTH = 16

/** Longest single record, bytes of JSON: fits one message, with 300 endpoints of the longest names too. */
export const MAX_RECORD_BYTES = 40 * 1024

/** Messages a peer may send before we have worked them off: bounds memory to this times MAX_MESSAGE_BYTES. */
export const CONTROL_CREDIT = 64

/** Small messages (pings, goodbyes) that wait for the peer's credit; more means that the peer stopped reading. */
export const MAX_WAITING_MESSAGES = 16

/** Directory messages are held back while this many bytes wait in the socket. */
export const SOCKET_HIGH_WATER = 1024 * 1024

/** Clusters in one directory. */
export const MAX_ORIGINS = 1000

/** Records of one cluster. */
export const MAX_RECORDS_PER_ORIGIN = 10_000

/** Records of all clusters together: bounds the memory of a directory. */
export const MAX_DIRECTORY_RECORDS = 100_000

/** Ports of one record. */
export const MAX_PORTS = 256

/** Endpoints of one record of a headless Service. */
export const MAX_ENDPOINTS = 1024

/** Namespaces that one cluster tells to be missing there: they and the envelope fit a message with the longest record. */
export const MAX_MISSING_NAMESPACES = 100

/** Certificate request of a member's new authority, bytes of PEM. */
export const MAX_RENEWAL_REQUEST = 2_048

/** New authorities that a founder tells at once, and bytes of PEM of each: facts go to every router. */
export const MAX_RENEWED = 4
export const MAX_RENEWED_CERTIFICATE = 2_048

/** ClusterProperties that one cluster tells, and characters of a value. */
export const MAX_PROPERTIES = 32
export const MAX_PROPERTY_VALUE = 128

/** Cluster selectors of one record, requirements of one, values of one requirement. */
export const MAX_SELECTORS = 16
export const MAX_REQUIREMENTS = 16
export const MAX_REQUIREMENT_VALUES = 32

/** Chains of signers that were found good and are remembered: two of each cluster while certificates are renewed. */
export const MAX_KNOWN_SIGNERS = 2048

/** Exported labels or annotations of one record. */
export const MAX_MAP_ENTRIES = 128

/** Clusters in one message that lists them, a digest for one: at most 150 bytes each. */
export const MAX_DIGEST_ENTRIES = 200

/** Changes in one delta. */
export const MAX_DELTA_CHANGES = 1000

/** Incoming TLS handshakes at a time; the oldest gives way to the newest. */
export const MAX_PENDING_HANDSHAKES = 256

/** Accepted connections at a time, whoever they are from. */
export const MAX_CONNECTIONS = 4096

/** Control sessions of one cluster at a time: its routers, or our controller's replicas, and some in mid-replacement. */
export const MAX_CONTROL_PER_PEER = 32

/** Control sessions of agents of our own cluster at a time: one for each node. */
export const MAX_AGENTS = 2048

/** Silence after which a router and an agent take each other for dead, milliseconds: there may be many agents. */
export const AGENT_KEEP_ALIVE_MS = 5_000

/** Routers of its cluster that an agent has sessions with: as many replicas as link up. */
export const MAX_SOURCE_ROUTERS = 64

/** Data connections of one cluster at a time. */
export const MAX_DATA_PER_PEER = 256

/** Seconds that one address is logged once for refusals of one kind. */
export const REFUSAL_LOG_MS = 10_000

/** Kinds of refusals remembered for that. */
export const MAX_REMEMBERED_REFUSALS = 256

/** Longest trust statement with its signatures, bytes of JSON: what is over has no room in a message. */
export const MAX_TRUST_MESSAGE = 46 * 1024

/** Largest TLS file we read, bytes. */
export const MAX_TLS_FILE = 256 * 1024

/** Deliveries one disposition may settle; the library's own table holds 2048. */
export const MAX_DISPOSITION_RANGE = 2048

/** Shortest idle time-out a peer may ask of us, milliseconds. */
export const MIN_IDLE_TIMEOUT_MS = 1000

/** Idle time-out we ask of the peer at AMQP level, milliseconds: longer than any keep-alive, as our own heartbeats notice sooner. */
export const IDLE_TIMEOUT_MS = 600_000

/** What is left unsent or unanswered this long after a close is cut off, milliseconds. */
export const CLOSE_GRACE_MS = 1000

/** TCP connect, milliseconds: short, so that a cut network is tried again soon after it heals. */
export const CONNECT_TIMEOUT_MS = 1500

/** TLS handshake of the dialling side, proxy's answer and WebSocket upgrade, each, milliseconds. */
export const HANDSHAKE_TIMEOUT_MS = 3000

/** TLS handshake and WebSocket upgrade of the accepting side, each, milliseconds: peers on poor lines need that long. */
export const ACCEPT_TIMEOUT_MS = 6000

/** From TLS to both hellos, milliseconds. */
export const HELLO_TIMEOUT_MS = 3000

/** The same on the accepting side, which does not know the line. */
export const ACCEPTED_HELLO_TIMEOUT_MS = 6000

/** Silence that a Link may allow, milliseconds; its peer is told. */
export const KEEP_ALIVE_MS = { min: 1000, max: 120_000 } as const

/** Pings in the silence after which a peer is taken for dead. */
export const PINGS_PER_KEEP_ALIVE = 3

/** Addresses of one name that are tried in one attempt. */
export const MAX_ADDRESSES = 16

/** Head start of an address before the next of the name is tried beside it, milliseconds (RFC 8305 section 5). */
export const ADDRESS_DELAY_MS = 250

/** Longest answer to HTTP CONNECT, bytes, interim answers included. */
export const MAX_PROXY_RESPONSE = 16 * 1024

/** Largest WebSocket frame we send, bytes. */
export const WEB_SOCKET_FRAME = 64 * 1024

/** Largest WebSocket message we take, bytes: a peer's frame, and room for what other versions may send. */
export const MAX_WEB_SOCKET_MESSAGE = 256 * 1024

/** Bytes that wait unsent while WebSocket pings are still answered. */
export const MAX_PONG_BACKLOG = 64 * 1024

/** Longest header of an upgrade and of its answer, bytes. */
export const MAX_UPGRADE_HEADER = 16 * 1024

/** How often connections without a complete request are looked for, milliseconds. */
export const UPGRADE_LOOK_MS = 1000

/** Default pings and the silence after which a peer is taken for dead, milliseconds. */
export const HEARTBEAT = { intervalMs: 1000, deadMs: 3000 } as const

/** Pauses between attempts while the network or the peer's process fails, milliseconds: a healed link is back in about a second. */
export const RETRY_BACKOFF = { min: 100, max: 1000 } as const

/** Pauses while the peer refuses us or we it, milliseconds. */
export const REFUSED_BACKOFF = { min: 100, max: 5000 } as const

/** How often certificate files are looked at, milliseconds; the kubelet takes a minute to swap a Secret. */
export const TLS_RELOAD_MS = 5000

/** TCP keep-alive probes start after this silence, milliseconds. */
export const TCP_KEEPALIVE_MS = 10_000

/** Pauses while the peer shows a certificate that was revoked, milliseconds: it may have been invited again, which it can show only when dialled. */
export const REVOKED_BACKOFF = { min: 60_000, max: 60_000 } as const

/** How long a revoked peer may take to hear that it is one, milliseconds; no sooner are as many others of its cluster told. */
export const FAREWELL_MS = 6_000

/** Peers of one cluster that are told so within that time: once one has heard, the others hear it from that one. */
export const MAX_FAREWELLS = 4

/** What is read of such a peer, bytes: its hello, and what it says before it has heard. */
export const MAX_FAREWELL_BYTES = 256 * 1024

/** A connection that stood this long counts as a success: the next attempt after its loss follows at once. Milliseconds. */
export const MIN_STABLE_MS = 1000

/** Data connections dialled, behind a balancer, until one leads to the router that the control session is with; then any will do. */
export const SAME_ROUTER_ATTEMPTS = 16

/** All first data connections of a link must stand within this, milliseconds. */
export const DATA_UP_TIMEOUT_MS = 5000
