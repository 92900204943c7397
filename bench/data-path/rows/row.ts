/** What is measured together, by the name it is chosen with (`rows=`). */
import type { Timing } from '../load/window.ts'
import type { PortName } from '../ports.ts'
import type { System } from '../systems/system.ts'

/** Values by the key of their measure (measures.ts). */
export type Sample = Readonly<Record<string, number>>

export interface Row {
  readonly name: string
  /** The system must serve this; else it has no value in this row. */
  readonly port: PortName
  /** Wants processes that have done nothing yet. */
  readonly fresh?: boolean
  measure(system: System, timing: Timing): Promise<Sample>
}
