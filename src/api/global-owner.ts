/**
 * Whose a global address is. Implemented where the rules of claims are (src/globalnet); all others ask.
 */
import type { Directory } from './service-record.ts'

/** Whether an address lies in the block that a cluster holds, other clusters' claims considered. */
export type OwnsAddress = (cluster: string, address: string) => boolean

/** The owners by what the clusters of a directory claim. */
export type AddressOwners = (directory: Directory) => OwnsAddress
