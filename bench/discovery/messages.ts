/** What the processes of the benchmark tell. */
import type { Summary } from '../statistics.ts'

/** All imports of one cluster, computed without an API server. */
export interface Recomputed {
  readonly imports: number
  readonly slices: number
  /** Everything, from an empty state, milliseconds. */
  readonly fullMs: Summary
  /** One record changed, until its import is computed anew, microseconds. */
  readonly changeUs: Summary
  /** Heap of the records of all clusters, MB. */
  readonly directoryMb: number
  /** Heap of all imports, derived Services and slices, MB. */
  readonly importsMb: number
  readonly peakRssMb: number
}

/** One kind of change, applied to a running controller. */
export interface Changed {
  readonly change: string
  /** Requests to the API server for each, by verb and resource. */
  readonly requests: Readonly<Record<string, number>>
  readonly writes: Summary
  /** Until the last write was answered, milliseconds; absent when there was none. */
  readonly settledMs?: Summary
}

/** A controller against an API server. */
export interface Controlled {
  readonly imports: number
  /** Writes of a controller that finds nothing of its own. */
  readonly firstWrites: number
  readonly firstSeconds: number
  readonly changes: readonly Changed[]
  readonly peakRssMb: number
}
