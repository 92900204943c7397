/**
 * What a look at the cluster's certificates found: all that its status tells. Plain data.
 */
import type { AuthorityIdentity } from '../pki/identity.ts'
import type { ClusterAuthority } from './authority-secret.ts'
import type { LeafView } from './leaf-keeper.ts'
import type { RootView } from './root-keeper.ts'

export type TrustView =
  /** It is no member, and waits to be one. */
  | { readonly kind: 'none'; readonly identity?: AuthorityIdentity | undefined }
  /** It leaves, which takes so many milliseconds more; or has left. */
  | { readonly kind: 'leaving'; readonly identity?: AuthorityIdentity | undefined; readonly leftMs: number }
  | { readonly kind: 'left'; readonly identity?: AuthorityIdentity | undefined }
  /** What is there cannot be used; `why` is for people. */
  | {
      readonly kind: 'broken'
      readonly identity?: AuthorityIdentity | undefined
      readonly why: string
      /** It would be good if it had not ended. */
      readonly hasEnded: boolean
    }
  | MemberTrust

export interface MemberTrust {
  readonly kind: 'member'
  readonly authority: ClusterAuthority
  readonly leaves: readonly LeafView[]
  /** Of the founder. */
  readonly root?: RootView | undefined
  /** Why a new authority is waited for; undefined when none is. */
  readonly due?: string | undefined
  /** The root is in a folder. */
  readonly isOffline: boolean
}
