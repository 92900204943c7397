/** What is said on the control socket: one JSON line asks, one JSON line answers. */
import type { LabLink } from '../lab-config.ts'
import type { PathShape } from '../slow/path-shape.ts'
import type { ClusterStatus } from './status.ts'

export type ControlRequest =
  | { readonly command: 'status' }
  /** Makes a client pod that lives as long as this connection. */
  | {
      readonly command: 'exec'
      readonly cluster: string
      readonly namespace: string
      /** The first one when absent. */
      readonly node?: string | undefined
    }
  | { readonly command: 'cut' | 'heal'; readonly clusters: readonly [string, string] }
  /** One pod; `pod` is its name, or its namespace and name. */
  | { readonly command: 'cut-pod' | 'heal-pod'; readonly cluster: string; readonly pod: string }
  /** Makes the path between two clusters slow; `heal` or a quiet shape ends it. */
  | { readonly command: 'slow'; readonly clusters: readonly [string, string]; readonly shape: PathShape }
  /** Resets open TCP connections between a cluster and `peer`, or all others. */
  | { readonly command: 'reset'; readonly cluster: string; readonly peer?: string }
  /** Kills `api-server`, `node` (all nodes), the node of that name, or the pods of a role (`router`, or `namespace/name-prefix`). */
  | {
      readonly command: 'kill'
      readonly cluster: string
      readonly role: string
      readonly signal: NodeJS.Signals
    }
  | { readonly command: 'down' }

export type ControlReply<T = unknown> =
  | { readonly ok: true; readonly result: T }
  | { readonly ok: false; readonly message: string }

/** Result of `exec`: everything needed to put a process of the host into the client pod. */
export interface ClientPod {
  readonly name: string
  readonly address: string
  /** Files of the pod's namespaces, as the host sees them; empty in loopback mode. */
  readonly namespaces: { readonly user?: string; readonly net: string; readonly uts: string } | undefined
  readonly resolvConf: string
  readonly nsswitchConf: string
  /** Where the cluster's DNS answers. */
  readonly dns: string
}

/** Result of `status`. */
export interface LabStatus {
  readonly mode: string
  readonly startedAt: string
  /** Why the clusters have IPv4 only; absent when they have both. */
  readonly noIpv6?: string | undefined
  readonly ready: boolean
  readonly clusters: readonly ClusterStatus[]
  /** Links that `lab up` made. */
  readonly links: readonly LabLink[]
  /** Pairs that `lab cut` separated. */
  readonly cuts: readonly (readonly [string, string])[]
  /** Pods that `lab cut` separated. */
  readonly cutPods: readonly CutPod[]
  /** Paths that `lab slow` made worse. */
  readonly slow: readonly SlowPath[]
}

/** A pod that is cut off. */
export interface CutPod {
  readonly cluster: string
  readonly namespace: string
  readonly pod: string
}

/** A path that was made worse. */
export interface SlowPath {
  readonly clusters: readonly [string, string]
  readonly shape: PathShape
}

/** Result of `kill`. */
export interface Killed {
  readonly processes: readonly { readonly name: string; readonly pid: number }[]
}
