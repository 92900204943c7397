/** Bulk streams, from the origin to the load: bytes a second and what a gigabyte costs. */
import { startBulk } from '../load/bulk.ts'
import { watchAndStop } from '../load/window.ts'
import { portOf } from '../ports.ts'
import type { Row } from './row.ts'

/** `connections` streams at once. */
export function bulkRow(connections: number): Row {
  const name = `bulk-${connections}`
  return {
    name,
    port: 'flood',
    async measure({ ports, relays }, timing) {
      const load = await startBulk(portOf(ports, 'flood'), connections)
      const { done, perSecond, cpuMs } = await watchAndStop(load, relays, timing)
      return {
        [`${name} MB/s`]: perSecond / 1e6,
        ...(relays.length === 0 ? {} : { [`${name} cpu s/GB`]: cpuMs / 1000 / (done / 1e9) }),
      }
    },
  }
}
