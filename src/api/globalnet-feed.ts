/**
 * What exports and global addresses are to each other inside the controller: one side tells what it would export, the other
 * which addresses that has. Neither knows how the other comes to it.
 */
import type { Startable } from '../core/lifecycle.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import type { AddressOwners } from './global-owner.ts'
import type { ServiceKey } from './names.ts'
import type { Protocol } from './objects.ts'
import type { BlockFact, ServiceRecord } from './service-record.ts'

/** Where an endpoint of a headless Service is reached in its own cluster. */
export interface EndpointPlace {
  /** Of its pod. */
  readonly address: string
  readonly ports: readonly PlacePort[]
}

export interface PlacePort {
  readonly protocol: Protocol
  /** The Service's. */
  readonly port: number
  /** The pod's. */
  readonly targetPort: number
}

/** A Service that could be exported as far as it goes by itself. */
export interface ExportCandidate {
  /** Without global addresses. */
  readonly record: ServiceRecord
  /** Of a headless Service, by the ids of its endpoints. */
  readonly places?: Readonly<Record<string, EndpointPlace>>
}

/** Addresses of what this cluster exports. */
export interface GlobalAddresses {
  /** Of a Service, or of one endpoint of a headless one; undefined while it has none. */
  addressOf(key: ServiceKey, endpoint?: string): string | undefined
  /** Why it has none, for people. */
  problemOf(key: ServiceKey, endpoint?: string): string | undefined
}

/** Globalnet as the exports see it. */
export interface GlobalnetFeed {
  /** Undefined while globalnet is off. */
  readonly addresses: SnapshotSource<GlobalAddresses | undefined>
  /** This cluster's block; undefined while it has none. */
  readonly block: SnapshotSource<BlockFact | undefined>
  readonly ownersOf: AddressOwners
  /** Resolves when all that was recorded before is known. */
  whenSynced(signal: AbortSignal): Promise<void>
  /** Gives addresses to what is exported while it runs. What was recorded before counts as soon as it has started. */
  following(candidates: SnapshotSource<ReadonlyMap<ServiceKey, ExportCandidate>>): Startable
}
