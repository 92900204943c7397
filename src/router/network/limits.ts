/**
 * Bounds of a router's share of the network.
 */

/** Links one router dials. */
export const MAX_LINKS = 256

/** Data connections beside the control session of each link we dial. */
export const DATA_CONNECTIONS = 1
