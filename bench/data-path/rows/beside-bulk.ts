/** One ping-pong beside one saturating bulk stream through the same pair: how much a big flow delays a small one. */
import { summarize } from '../../statistics.ts'
import { startPingPong } from '../load/ping-pong.ts'
import { watchAndStop } from '../load/window.ts'
import { portOf } from '../ports.ts'
import type { Stage } from '../stage.ts'
import type { Row } from './row.ts'

/** The bulk stream is received in a process of its own, else its reads would delay the answers. */
export function besideBulkRow({ children }: Stage): Row {
  return {
    name: 'beside-bulk',
    port: 'flood',
    async measure({ ports, relays }, timing) {
      const sink = await children.node('sink-process.ts', portOf(ports, 'flood'))
      try {
        const load = await startPingPong(portOf(ports, 'echo'), 1)
        await watchAndStop(load, relays, timing)
        const { p50, p99 } = summarize(load.times)
        return { 'beside-bulk p50 us': p50 * 1000, 'beside-bulk p99 us': p99 * 1000 }
      } finally {
        await children.stop(sink)
      }
    },
  }
}
