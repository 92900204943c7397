/**
 * Every bound of relays and of what comes over them, and what it protects.
 */

/** Flows one router passes on at once: two raw flows each, and a window of each direction. The next is sent elsewhere. */
export const MAX_RELAYED_FLOWS = 20_000

/** Flows over relays that end here at once: whom a neighbour names as their origin is not all that counts. */
export const MAX_ARRIVED_FLOWS = 20_000

/** No neighbour cluster has more of either than so many times what is left for others. */
export const NEIGHBOUR_SHARE = 4

/** Bytes given at a time to a flow that takes bytes again. */
export const PASS_ON_BYTES = 64 * 1024

/** How long a path counts as broken after a flow found it so, milliseconds: about as long as others need to hear of it. */
export const PATH_HOLD_MS = 1_000

/** Paths kept of each router: more of the same cost spread flows no better. */
export const MAX_PATHS = 8

/** Routers beyond our neighbours that flows can be opened to. */
export const MAX_RELAYED_ROUTERS = 4_096

/** Routers that have flows to us and that no path leads to. Anybody in the clusterset can name one. */
export const MAX_GUESTS = 1_024

/** Of those, how many are remembered while they have no flows, in case they open more. */
export const MAX_IDLE_GUESTS = 64

/** A flow that was opened so long ago, or so far ahead of our clock, is refused, milliseconds: clocks may differ by as much as for certificates. */
export const MAX_VOUCHER_AGE_MS = 5 * 60_000

/** Openings of one router process that are remembered: so far may one be behind others that took a faster way. */
export const MAX_SEEN_OPENINGS = 1_024

/** Router processes of one cluster whose openings are remembered. */
export const MAX_OPENERS = 64

/** Chains of those who vouch for flows that were found good and are remembered. */
export const MAX_KNOWN_VOUCHERS = 2_048
