/** Small requests: how long one takes, how many a second, and what one costs. */
import { summarize } from '../../statistics.ts'
import { startPingPong } from '../load/ping-pong.ts'
import { watchAndStop } from '../load/window.ts'
import { portOf } from '../ports.ts'
import type { Row } from './row.ts'

/** `connections` connections, each with one request under way. */
export function pingPongRow(connections: number): Row {
  const name = `ping-pong-${connections}`
  return {
    name,
    port: 'echo',
    async measure({ ports, relays }, timing) {
      const load = await startPingPong(portOf(ports, 'echo'), connections)
      const { done, perSecond, cpuMs } = await watchAndStop(load, relays, timing)
      const { p50, p99 } = summarize(load.times)
      return {
        [`${name} r/s`]: perSecond,
        [`${name} p50 us`]: p50 * 1000,
        [`${name} p99 us`]: p99 * 1000,
        ...(relays.length === 0 ? {} : { [`${name} cpu us/r`]: (cpuMs * 1000) / done }),
      }
    },
  }
}
