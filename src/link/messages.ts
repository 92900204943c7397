/**
 * The messages of a control session. Each is one JSON object in one AMQP message; message-schema.ts says what is allowed.
 */
import type { ServiceKey } from '../api/names.ts'
import type { TopologyMessage } from '../api/router-advertisement.ts'
import type { ClusterFacts, OriginSignature, OriginState, ServiceRecord } from '../api/service-record.ts'
import type { Role } from '../pki/identity.ts'
import type { SignedStatement } from '../pki/trust-statement.ts'

/** Versions of this protocol that we speak: before version 4 nothing was signed. */
export const PROTOCOL = { min: 4, max: 4 } as const

/** First message both ways; nothing else may come before it. */
export interface Hello {
  readonly type: 'hello'
  /** Unique per process, so that two connections of one process are seen to be so. */
  readonly id: string
  /** Must be what the certificate says. */
  readonly cluster: string
  readonly role: Role
  /** Software version, for people. */
  readonly version: string
  readonly protocol: { readonly min: number; readonly max: number }
  /** The dialler's word on its line: silence after which either side takes the other for dead. Absent: each by its own. */
  readonly keepAliveMs?: number
}

/** How new a directory's copy of one cluster's records is. */
export interface OriginVersion {
  readonly cluster: string
  readonly epoch: number
  readonly sequence: number
}

/** What the sender has, sent once after hello in as many parts as needed; the receiver answers with what is newer on its side. */
export interface DirectoryDigest {
  readonly type: 'directory-digest'
  readonly last: boolean
  readonly origins: readonly OriginVersion[]
}

/** One part of all records of one cluster. Parts come in order, 0 first, with nothing of that cluster in between. */
export interface DirectoryOrigin extends OriginVersion {
  readonly type: 'directory-origin'
  readonly part: number
  readonly last: boolean
  readonly records: readonly ServiceRecord[]
  /** In part 0 only, where there are any. */
  readonly facts?: ClusterFacts
  /** In part 0 only, of the whole. */
  readonly signature?: OriginSignature
}

/** What changed in one cluster between two sequence numbers of an epoch. */
export interface DirectoryDelta {
  readonly type: 'directory-delta'
  readonly cluster: string
  readonly epoch: number
  readonly from: number
  readonly to: number
  readonly upserts: readonly ServiceRecord[]
  readonly removes: readonly ServiceKey[]
  /** All of them, when any is different from before. */
  readonly facts?: ClusterFacts
  /** Of the whole as it is after the change. */
  readonly signature?: OriginSignature
}

/** A delta did not fit: send the whole cluster again. */
interface DirectoryRequest {
  readonly type: 'directory-request'
  readonly cluster: string
}

/** Clusters that the router can open flows to; a list may come in several parts. From a router to its own controller only. */
export interface Reach {
  readonly type: 'reach'
  readonly last: boolean
  readonly clusters: readonly string[]
}

/**
 * Another cluster holds a state of our own of this epoch, which is later than the one we have: from before a clock was set
 * back. Between routers of one cluster, and from them to their controller, which goes on with a later one.
 */
export interface Outdone {
  readonly type: 'outdone'
  readonly epoch: number
}

/**
 * Which source ports of the router stand for which global addresses. From a router to the agents of its own cluster: all
 * of them first, then what changed. All fit one message, so there are no parts.
 */
export interface Sources {
  readonly type: 'sources'
  /** Grows with each change while the router process lives. */
  readonly version: number
  /** First port, last port, global address. Slots that others of these were before are replaced. */
  readonly upserts: readonly (readonly [first: number, last: number, address: string])[]
  /** First ports. Carried out before `upserts`. */
  readonly removes: readonly number[]
}

/** The agent's node translates by that version, or a later one. From an agent to a router of its own cluster. */
export interface SourcesApplied {
  readonly type: 'sources-applied'
  readonly version: number
}

/** The newest trust statement that the sender has. Between routers, and between a router and its controller. */
export interface Trust extends SignedStatement {
  readonly type: 'trust'
}

/** Measures the round trip and shows that the sender lives. */
interface Ping {
  readonly type: 'ping'
  readonly id: number
}

interface Pong {
  readonly type: 'pong'
  readonly id: number
}

/** The sender is about to close on purpose; `reason` is for people. */
interface Goodbye {
  readonly type: 'goodbye'
  readonly reason: string
}

export type DirectoryMessage = DirectoryDigest | DirectoryOrigin | DirectoryDelta | DirectoryRequest

/** What routers and agents say to each other. */
export type SourceMessage = Sources | SourcesApplied

/** What a session carries once it is ready. */
export type SessionMessage = DirectoryMessage | Reach | Outdone | Trust | TopologyMessage | SourceMessage

export type ControlMessage = Hello | SessionMessage | Ping | Pong | Goodbye

/** The version both sides use: the highest they share; undefined when they share none. */
export function negotiate(ours: Hello['protocol'], theirs: Hello['protocol']): number | undefined {
  const version = Math.min(ours.max, theirs.max)
  return version >= Math.max(ours.min, theirs.min) ? version : undefined
}

/** Orders versions of one origin: negative when `a` is older. */
export function compareVersions(
  a: Pick<OriginState, 'epoch' | 'sequence'>,
  b: Pick<OriginState, 'epoch' | 'sequence'>,
): number {
  return a.epoch - b.epoch || a.sequence - b.sequence
}
