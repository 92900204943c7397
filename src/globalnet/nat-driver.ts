/**
 * What the agent needs of a packet filter. `nft-driver.ts` is the one of the kernel.
 */
import type { NatTransaction } from './nat-diff.ts'
import type { NatTable } from './nat-table.ts'
import type { StaleFlows } from './stale-flows.ts'

/** Reads and writes our one table, and nothing else. One call at a time. */
export interface NatDriver {
  /** What is in force; undefined when there is no table. Throws NatError. */
  read(): Promise<NatTable | undefined>
  /** All of the changes or, when it throws NatError, none. */
  apply(changes: NatTransaction): Promise<void>
  /** Removes the table; it need not be there. Throws NatError. */
  remove(): Promise<void>
  /** Ends what connection tracking remembers of them. As far as that can be done: it throws nothing. */
  forget(flows: readonly StaleFlows[]): Promise<void>
}
