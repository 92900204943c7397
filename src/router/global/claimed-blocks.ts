/**
 * Whose a global address is, by the blocks that clusters claim.
 */
import type { Directory } from '../../api/service-record.ts'
import { containsAddress, parseCidr } from '../../core/cidr.ts'
import { parseAddress } from '../../core/ip.ts'
import type { SnapshotSource } from '../../core/snapshot.ts'

/** Whether clients of the cluster may come from that global address. */
export type OwnsAddress = (cluster: string, address: string) => boolean

/**
 * By each cluster's own word alone. To be replaced by the rules of claims (ADR 16): here of two clusters that claim the
 * same block both are believed, and a block outside of the clusterset's range is.
 */
export function claimedBlocks(directory: SnapshotSource<Directory>): OwnsAddress {
  return (cluster, text) => {
    const claim = directory.current().get(cluster)?.facts?.globalnet
    const block = claim === undefined ? undefined : parseCidr(claim.block)
    const address = parseAddress(text)
    return block !== undefined && address !== undefined && containsAddress(block, address)
  }
}
