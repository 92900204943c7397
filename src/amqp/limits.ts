/**
 * Every bound of the AMQP engine and what it protects. Bytes unless said otherwise.
 */

/** Smallest max-frame-size a peer may announce (AMQP 1.0 section 2.7.1). */
export const MIN_MAX_FRAME_SIZE = 512

/** Frame size we announce: one 64 KiB socket read and its headers fit twice. Bounds what one frame can make us hold. */
export const DEFAULT_MAX_FRAME_SIZE = 128 * 1024

/** Largest frame that is not a transfer: control frames are decoded whole, so this bounds the copy of a split one. */
export const MAX_CONTROL_FRAME_SIZE = 64 * 1024

/** Largest performative of a transfer frame; what follows is streamed. Tag (32), state and 11 fields fit well. */
export const MAX_TRANSFER_HEAD_SIZE = 1024

/** Payload of one frame we send: one socket read, and the turn a flow gets before the next flow's. */
export const MAX_SEND_PAYLOAD = 64 * 1024

/** Nesting of values in a control frame; protects the stack. */
export const MAX_VALUE_DEPTH = 16

/** Values in one control frame, all levels; protects against `array of a billion nulls`. */
export const MAX_VALUES_PER_FRAME = 2048

/** Bytes of a link name; flow ids are a few characters, strangers may use UUIDs and host names. */
export const MAX_LINK_NAME_LENGTH = 256

/** Bytes of a condition or description we keep or repeat from a peer. */
export const MAX_ERROR_TEXT_LENGTH = 512

/** Message size we announce to peers that count credit in messages: window / this = credit. */
export const MAX_MESSAGE_SIZE = 64 * 1024

/** Milliseconds until a sender is told what was handed on, when no grant tells it before. */
export const ACK_DELAY_MS = 200

/** Bytes a sender may have on the way to one reader that keeps up: 1.7 Gbit/s at LONG_PATH_MS. */
export const DEFAULT_WINDOW_BYTES = 1024 * 1024

/** The same when the way is so long that it uses them up: 1.3 Gbit/s at 100 ms. Also what we send ahead of acknowledgements. */
export const MAX_WINDOW_BYTES = 16 * 1024 * 1024

/**
 * Least width of windows while several flows of a connection receive; they are wider by what their rate needs on the way. More
 * would only lie in the queues of kernels and processes, where small flows wait behind it.
 */
export const SHARED_WINDOW_BYTES = 128 * 1024

/** Such a window is so many times what its flow has on the way, so that a flow held up by it gets faster. */
export const SHARED_MARGIN = 1.5

/** Round trip that processes take without any way between them, milliseconds. */
export const NEAR_MS = 0.5

/** How long a connection counts as shared after several flows received on it, milliseconds. */
export const SHARED_FOR_MS = 100

/**
 * Round trip from which on a way is long, milliseconds. Below it, waiting in queues and for processors would be taken for
 * distance, and windows wider than caches cost twice the processor time.
 */
export const LONG_PATH_MS = 5

/** Bytes a millisecond (2 Gbit/s) at which a flow is fast enough: its window is not widened any more, whatever the way. */
export const FAST_ENOUGH = 250_000

/** How often the round trip is measured, milliseconds: while windows are used up, and while nothing is sent. */
export const ROUND_TRIP_INTERVAL_MS = { busy: 250, idle: 10_000 } as const

/** Measurements before the least of them is believed: one alone may have waited for anything. */
export const ROUND_TRIP_SAMPLES = 3

/** How long the least round trip counts, milliseconds: one to two of these. Ways change rarely, queues all the time. */
export const ROUND_TRIP_PERIOD_MS = 120_000

/** The same before the reader has shown that it reads. With DEFAULT_MAX_FLOWS it bounds what readers that never do can cost. */
export const INITIAL_WINDOW_BYTES = 64 * 1024

/** Bytes that connections buffer and widen their windows by, when the owner gives no budget for all of them together. */
export const DEFAULT_BUFFER_BYTES = 128 * 1024 * 1024

/** Transfer frames a peer may send before it needs our next flow performative. */
export const DEFAULT_INCOMING_WINDOW = 65_536

/** Flows per session, both directions together: handle tables. */
export const DEFAULT_MAX_FLOWS = 16_384

/** Sessions a stranger may begin; our own side uses one. */
export const DEFAULT_CHANNEL_MAX = 15

/** Flows of a session of which only one of the two links has been attached. */
export const MAX_HALF_FLOWS = 64

/** Bytes one flow may keep waiting here for the socket before its owner is told to wait. */
export const FLOW_QUEUE_BYTES = 256 * 1024

/** Longest datagram, bytes: what UDP over IPv4 can carry. */
export const MAX_DATAGRAM_BYTES = 65_507

/** Datagrams one flow may keep waiting here for the socket; then the oldest is dropped for each new one. */
export const MAX_QUEUED_DATAGRAMS = 256

/** Bytes of the same. */
export const MAX_QUEUED_DATAGRAM_BYTES = 512 * 1024

/** Bytes all flows of a connection may keep waiting here before every owner is told to wait. */
export const DEFAULT_MAX_BUFFERED_BYTES = 8 * 1024 * 1024

/** Bytes handed to the socket in one write: TLS copies a write whole before it encrypts. */
export const MAX_FLUSH_BYTES = 256 * 1024

/** Bytes handed to the socket in one turn of the event loop; more waits so that reads are not starved. */
export const MAX_RUN_BYTES = 512 * 1024

/** Bytes of answers a peer that does not read can make us hold in the socket before we hang up. */
export const MAX_UNREAD_ANSWERS = 4 * 1024 * 1024

/** Size of the blocks headers and small payloads are carved from. */
export const SLAB_SIZE = 64 * 1024

/** Payloads up to this many bytes are copied behind their header; larger ones go by reference. */
export const COPY_THRESHOLD = 4 * 1024

/** Milliseconds from the first byte to both `open` performatives; a peer that says nothing is dropped. */
export const HANDSHAKE_TIMEOUT_MS = 10_000

/** Milliseconds one frame may take from its first to its last byte (slow loris). */
export const FRAME_TIMEOUT_MS = 60_000

/** Milliseconds the second link of a flow may take after the first. */
export const HALF_FLOW_TIMEOUT_MS = 10_000

/** Data connections a flow may pass from its first router to its last: bounds the length of an opening and of detours. */
export const MAX_HOPS = 32

/** Characters of a router's name in an opening: a cluster id, a slash and a pod's name fit. */
export const MAX_ROUTER_NAME_LENGTH = 320

/** Certificates of a voucher. */
export const MAX_VOUCHER_CERTIFICATES = 2

/** Characters of each, in base64. */
export const MAX_VOUCHER_CERTIFICATE = 4096

/** Characters of its signature, in base64. */
export const MAX_VOUCHER_SIGNATURE = 704

/** Longest time a peer may ask us to keep a flow whose connection was lost, milliseconds. */
export const MAX_RESUME_GRACE_MS = 3_600_000

/** Milliseconds to wait for the peer's `close`, and for the socket to end, before it is destroyed. */
export const CLOSE_TIMEOUT_MS = 2_000

/** Announced idle time-out in milliseconds; the connection is given up after twice that silence. */
export const DEFAULT_IDLE_TIMEOUT_MS = 10_000

/** Shortest idle time-out a peer may ask of us, milliseconds; below it heartbeats would be a load. */
export const MIN_PEER_IDLE_TIMEOUT_MS = 100

/** Longest idle time-out an acceptor takes over from its dialler, milliseconds: twice that a silent peer's flows are kept. */
export const MAX_AGREED_IDLE_MS = 60_000
