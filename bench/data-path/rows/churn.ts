/** New connections a second, and what one costs. */
import { startChurn } from '../load/churn.ts'
import { watchAndStop } from '../load/window.ts'
import { portOf } from '../ports.ts'
import type { Row } from './row.ts'

/** Connections under way at once. */
const CONCURRENCY = 16

export const churnRow: Row = {
  name: 'churn',
  port: 'echo',
  async measure({ ports, relays }, timing) {
    const load = startChurn(portOf(ports, 'echo'), CONCURRENCY)
    const { done, perSecond, cpuMs } = await watchAndStop(load, relays, timing)
    if (load.failed > 0) throw new Error(`${load.failed} connections ended before their answer`)
    return {
      'churn conns/s': perSecond,
      ...(relays.length === 0 ? {} : { 'churn cpu us/conn': (cpuMs * 1000) / done }),
    }
  },
}
