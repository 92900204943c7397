/** What `fairlead lab up` is told. */
import type { LabMode } from '../../lab/topology.ts'

export interface UpOptions {
  readonly state: string
  readonly clusters: readonly string[]
  readonly detach?: boolean
  readonly bare?: boolean
  readonly mode: LabMode
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
}
