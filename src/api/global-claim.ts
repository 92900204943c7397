/**
 * What a cluster says about the block of global addresses that it uses. Travels between clusters, so it is untrusted
 * input: `src/globalnet/block-claims.ts` reads it.
 */

/** There is at most one for each cluster; a new one replaces it. */
export interface BlockClaim {
  readonly cluster: string
  /** CIDR, such as `242.7.0.0/16`. */
  readonly block: string
  /** When it was claimed, milliseconds since 1970 by the cluster's own clock, more than 0. The earlier claim wins. */
  readonly claimedAt: number
}
