/**
 * Bounds and times of the source ports that stand for global addresses, and what they protect.
 */

/**
 * No cluster may have more than so many times the slots that are left for others: a cluster alone two of three, whatever
 * number of its own addresses its clients name.
 */
export const SLOT_SHARE = 2

/**
 * A slot is given back after nothing was open from its ports for so long, milliseconds. Longer than the backends' nodes
 * remember: connection tracking forgets 120 s after the last FIN, 10 s after a reset, and a UDP stream after 120 s.
 */
export const SLOT_QUIET_MS = 300_000

/** How often that is looked at, milliseconds: a slot is given back late by no more than this. */
export const SLOT_LOOK_MS = 15_000

/**
 * A slot that was given back stands for another address only once all agents have heard of it, or after this,
 * milliseconds: an agent that takes nothing in must not use up all slots.
 */
export const SLOT_FORGOTTEN_MS = 600_000

/** A port that a backend's connection left in TIME_WAIT is not used for that backend for so long, milliseconds (Linux). */
export const TIME_WAIT_MS = 60_000

/** Ports that rest so at once; the one that has rested longest makes room. The kernel refuses those that are too early. */
export const MAX_RESTING_PORTS = 65_536

/** Ports tried for one connection that the kernel says are in use. */
export const PORT_TRIES = 16

/** Times that one connection waits for agents to know a new slot, of which others took all ports meanwhile. */
export const SLOT_WAITS = 8

/** Clusters whose false claims are logged once; then all are forgotten and may be logged again. */
export const MAX_LOGGED_CLUSTERS = 1_000

/**
 * How long flows of a router that has just started wait for a first agent, and for the claim of their client's cluster,
 * milliseconds: without either backends see the router.
 */
export const SETTLING_MS = 10_000

/** How often a claim that is waited for is looked for, milliseconds. */
export const CLAIM_LOOK_MS = 50
