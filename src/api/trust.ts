/**
 * The Trust resource (fairlead.dev/v1alpha1), namespaced in the system namespace and there once: how the cluster's
 * certificates are made and renewed. Fields are described in manifests/base/crds/trusts.yaml.
 */
import type { Condition, KubeObject } from './objects.ts'

/** There is one Trust in the system namespace, with this name. Others are not looked at. */
export const TRUST = 'clusterset'

/** Secrets that hold keys, all in the system namespace. */
export const TrustSecret = {
  /** Founder only: certificate and key of the root. */
  root: 'fairlead-root',
  /** Each member: certificate and key of its authority, the roots, the newest trust statement. */
  authority: 'fairlead-authority',
  /** Leaf of the routers. */
  router: 'fairlead-router-tls',
  /** Leaf of the nodes' agents. */
  agent: 'fairlead-agent-tls',
} as const

/** Keys in those Secrets. */
export const TrustKey = {
  /** The roots that are trusted, PEM. */
  roots: 'ca.crt',
  /** PEM; of a leaf with its authority behind it. */
  certificate: 'tls.crt',
  /** PKCS #8, PEM. */
  key: 'tls.key',
  /** A SignedStatement, JSON. */
  statement: 'trust.json',
  /** In the authority's Secret: key of the authority that is being asked for. */
  nextKey: 'next.key',
  /** In the root's Secret: the root that takes over once all members trust it. */
  nextRoot: 'next.crt',
  nextRootKey: 'next.key',
  /** In the root's Secret: the root before, while members still have authorities of it. */
  oldRoot: 'old.crt',
  oldRootKey: 'old.key',
} as const

/** On those Secrets: the counter of Trust.spec.rotate that they were last made for. */
export const ROTATION_ANNOTATION = 'fairlead.dev/rotation'

/** On the root's Secret: the longest life that any authority of it was made for, as a duration. */
export const LONGEST_LIFE_ANNOTATION = 'fairlead.dev/longest-authority'

/** On the authority's Secret, `offline`: its root is in somebody's folder, and "fairlead install --pki" renews it. */
export const ROOT_ANNOTATION = 'fairlead.dev/root'
export const OFFLINE_ROOT = 'offline'

/** What a Trust says when it says nothing; hours as Kubernetes writes them. */
export const TRUST_DEFAULTS = { leafTtl: '24h', authorityTtl: '8760h', rootTtl: '87600h' } as const

/** Raised to have something made anew, whatever its age. */
export interface RotationCounters {
  readonly leaves?: number
  readonly authority?: number
  readonly root?: number
}

export interface RevokedCluster {
  readonly cluster: string
  /** RFC 3339 with milliseconds: no authority of the cluster from then or earlier is valid any more. */
  readonly at: string
}

export interface TrustSpec {
  /** This cluster founds the clusterset: it makes the root unless it is brought. */
  readonly found?: boolean
  readonly leafTtl?: string
  readonly authorityTtl?: string
  readonly rootTtl?: string
  readonly rotate?: RotationCounters
  /** Only where the root is. */
  readonly revoked?: readonly RevokedCluster[]
  /** This cluster leaves its clusterset. */
  readonly leave?: boolean
}

/** A certificate, as a status tells it. Times are RFC 3339. */
export interface CertificateStatus {
  readonly sha256: string
  readonly notAfter: string
  /** When it is renewed. Absent: it is not, as nobody here can. */
  readonly renewAt?: string
}

export interface LeafStatus extends CertificateStatus {
  readonly role: string
}

/** A cluster that has an authority of this clusterset. */
export interface MemberStatus {
  readonly cluster: string
  /** From when its newest authority is valid, RFC 3339: what revocations are measured by. */
  readonly issuedAt: string
  readonly notAfter: string
  /** Of that authority, hexadecimal. */
  readonly serial: string
}

export type TrustRole = 'founder' | 'member' | 'none'

export interface TrustStatus {
  readonly role?: TrustRole
  readonly clusterset?: string
  readonly cluster?: string
  /** The root that signs authorities. */
  readonly root?: CertificateStatus
  readonly authority?: CertificateStatus
  readonly leaves?: readonly LeafStatus[]
  /** Version of the newest trust statement. */
  readonly statement?: number
  /** Founder only, itself included. */
  readonly members?: readonly MemberStatus[]
  readonly conditions?: readonly Condition[]
}

export interface Trust extends KubeObject {
  readonly spec?: TrustSpec
  readonly status?: TrustStatus
}

export const TrustCondition = {
  /** The cluster is a member, and its processes have certificates. */
  ready: 'Ready',
  /** Root, authority and leaves are what they should be. */
  certificatesValid: 'CertificatesValid',
  /** A new root is on its way to all members. */
  rootRotating: 'RootRotating',
} as const

export const TrustReason = {
  member: 'Member',
  waitsToJoin: 'WaitsToJoin',
  /** By the newest trust statement. */
  revoked: 'Revoked',
  leaving: 'Leaving',
  left: 'Left',
  valid: 'Valid',
  expiresSoon: 'ExpiresSoon',
  expired: 'Expired',
  /** What was brought cannot be used: wrong key, other id, no authority. */
  invalid: 'Invalid',
  /** The root is in a folder, and only "fairlead install --pki" can renew the authority. */
  rootIsOffline: 'RootIsOffline',
  founderAway: 'FounderAway',
  noRotation: 'NoRotation',
  spreading: 'Spreading',
  renewing: 'Renewing',
} as const
