/**
 * Bounds of installing, with what they protect.
 */

/** Milliseconds until the API server serves a new CRD. */
export const CRD_ESTABLISHED_MS = 30_000

/** Default of `--timeout`, milliseconds: until processes are ready, objects are gone, or an address is there. */
export const WAIT_MS = 120_000

/** Milliseconds between looks at something that is waited for. */
export const POLL_MS = 250

/** Depth of kustomizations that refer to each other: ours is two, a loop would be endless. */
export const KUSTOMIZE_MAX_DEPTH = 5

/** Life of a clusterset root made by install, days. */
export const ROOT_DAYS = 3_650

/** Tries of an edit of a ConfigMap that somebody else edits as well. */
export const EDIT_ATTEMPTS = 5

/** Random bytes of the token that reports are told for; twice as many characters. */
export const REPORT_TOKEN_BYTES = 32
