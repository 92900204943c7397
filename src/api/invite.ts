/**
 * The resources Invite and JoinRequest (fairlead.dev/v1alpha1): one lets a cluster in, the other asks to be let in. Both
 * are namespaced in the system namespace. Codes are in neither of them, only in Secrets.
 */
import type { LinkEndpoint, SecretKey } from './link.ts'
import type { Condition, KubeObject } from './objects.ts'
import type { RevokedCluster } from './trust.ts'

/** In the cluster that holds the root of the clusterset. */
export interface Invite extends KubeObject {
  spec?: {
    /** How many clusters it lets in. Default 1. */
    readonly redemptions?: number
    /** How long it is good for once its code was made, such as `15m`, the default. */
    readonly ttl?: string
    /** The only cluster id that may use it. Default: any that is free. */
    readonly clusterId?: string
    /** Cost of the Link that the new cluster makes. */
    readonly cost?: number
    /** Where it is redeemed, `https://host:port`. Default: the outside address of Service fairlead-join. */
    readonly url?: string
    /** What the new cluster dials. Default: the outside addresses of Service fairlead-router. */
    readonly endpoints?: readonly LinkEndpoint[]
  }
  status?: InviteStatus
}

/** One cluster that was let in. */
export interface Redemption {
  readonly cluster: string
  /** SHA-256 of the public key it came with, hexadecimal. */
  readonly key: string
  /** RFC 3339. */
  readonly at: string
  /** The authority's certificate it got, PEM: if it comes again with the same key, its answer was lost. */
  readonly certificate: string
}

export interface InviteStatus {
  /** SHA-256 of the code, hexadecimal. */
  readonly codeHash?: string
  readonly url?: string
  /** SHA-256 of the root that the redeeming side pins. */
  readonly caHash?: string
  readonly expiresAt?: string
  /** The revocations that stood when the code was made: a later one of a cluster keeps it out. */
  readonly revoked?: readonly RevokedCluster[]
  /** How many of `redemptions` there are, for printing. */
  readonly redeemed?: number
  readonly redemptions?: readonly Redemption[]
  readonly conditions?: Condition[]
}

export const InviteCondition = {
  /** It can be used now. */
  ready: 'Ready',
  /** At least one cluster came. */
  redeemed: 'Redeemed',
} as const

/** In the cluster that wants to join. */
export interface JoinRequest extends KubeObject {
  spec: {
    /** Where the invite is redeemed. */
    readonly url: string
    /** SHA-256 of the clusterset's root: nobody else is told the code. */
    readonly caHash: string
    /** Id of the cluster that invites. No other member is told the code either. */
    readonly founder: string
    /** The clusterset that is meant. Default: the one that the founder is in. */
    readonly clusterset?: string
    /** Default: what the ClusterProperty says. */
    readonly clusterId?: string
    /** Default: key `code` of Secret fairlead-join. */
    readonly codeSecret?: SecretKey
    /** Cost of the Link. Default: what the invite says. */
    readonly cost?: number
  }
  status?: {
    readonly clusterId?: string
    readonly clusterset?: string
    /** Name of the Link that was made. */
    readonly link?: string
    readonly conditions?: Condition[]
  }
}

export const JoinCondition = { redeemed: 'Redeemed' } as const

/** Secrets of the system namespace that inviting and joining know by name. */
export const JoinSecret = {
  /** Where the invites are: the file for each invite that is open, by the invite's name. */
  invites: 'fairlead-invites',
  /** Where a cluster joins: the code, until it was used. */
  code: 'fairlead-join',
  /** Where a cluster joins: the key it made, until it is a member. */
  key: 'fairlead-join-key',
} as const

/** Key of the code in Secret fairlead-join unless a JoinRequest names another. */
export const CODE_KEY = 'code'

/** The Service that leads to the redemption port. */
export const JOIN_SERVICE = 'fairlead-join'
