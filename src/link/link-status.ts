/**
 * What a router knows about one link it dials, for Link.status and for people.
 */

/** Where a dialled link stands. Times are wall-clock milliseconds. */
export type LinkState =
  /** Not connected and not trying: the router is stopping, or the Link was just read. */
  | { readonly kind: 'idle' }
  /** A connection attempt is under way. `lastError` is that of the attempt before. */
  | { readonly kind: 'dialling'; readonly endpoint: string; readonly lastError?: string }
  /** The last attempt failed or the link was lost; the next attempt is at `retryAt`. */
  | { readonly kind: 'waiting'; readonly lastError: string; readonly retryAt: number }
  /** The peer shows a certificate that was revoked: it is tried again seldom, and when somebody was invited again. */
  | { readonly kind: 'revoked'; readonly lastError: string; readonly retryAt: number }
  /** Up: control session and data connections stand. */
  | {
      readonly kind: 'established'
      readonly endpoint: string
      readonly remoteCluster: string
      readonly remoteRouter: string
      readonly since: number
      /** Last measured round trip on the control session; undefined until the first pong. */
      readonly roundTripMs?: number
    }

export interface LinkStatus {
  /** Name of the Link resource. */
  readonly name: string
  readonly state: LinkState
}
