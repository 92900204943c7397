/**
 * Bounds of the lab's controllers, and what each protects.
 */

/** Pods created or deleted by one pass over one owner: a mistyped replica count cannot flood the API server at once. */
export const MAX_POD_WRITES_PER_PASS = 100

/** Addresses in one EndpointSlice, as in kube-controller-manager (--max-endpoints-per-slice). */
export const MAX_ENDPOINTS_PER_SLICE = 100

/** How long our own write stands in for what the watch has not shown yet, milliseconds. */
export const OWN_WRITE_TTL_MS = 5_000

/** Old ReplicaSets kept for `kubectl rollout undo` when the Deployment does not say. */
export const DEFAULT_REVISION_HISTORY = 10

/** Seconds without progress before a Deployment reports ProgressDeadlineExceeded when it does not say. */
export const DEFAULT_PROGRESS_DEADLINE_SECONDS = 600

/** Keys that one controller works on at the same time. */
export const RECONCILE_WORKERS = 4

/** Characters of the hash in ReplicaSet names and revision labels. */
export const TEMPLATE_HASH_LENGTH = 10
