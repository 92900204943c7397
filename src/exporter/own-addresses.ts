/**
 * Global addresses in the records of other clusters: only those that lie in a cluster's own block count. Pure.
 */
import type { OwnsAddress } from '../api/global-owner.ts'
import type { ClusterExport } from '../api/service-record.ts'

/** The export without addresses that its cluster may not tell; the very same object where there are none, as nearly always. */
export function withOwnAddresses(exported: ClusterExport, owns: OwnsAddress): ClusterExport {
  const { cluster, record } = exported
  const isForeign = ({ globalIp }: Addressed) => globalIp !== undefined && !owns(cluster, globalIp)
  const isMixed = record.endpoints?.some(isForeign) === true
  if (!isMixed && !isForeign(record)) return exported
  const cleaned = isForeign(record) ? withoutAddress(record) : record
  if (!isMixed) return { cluster, record: cleaned }
  const endpoints = record.endpoints?.map((each) => (isForeign(each) ? withoutAddress(each) : each)) ?? []
  return { cluster, record: { ...cleaned, endpoints } }
}

interface Addressed {
  readonly globalIp?: string
}

function withoutAddress<T extends Addressed>(item: T): Omit<T, 'globalIp'> {
  const { globalIp: _, ...rest } = item
  return rest
}
