/** Datagrams there and back: as many as possible with few under way, and what is lost at a fixed rate. */
import { startOpenLoop, startWindowed } from '../load/datagrams.ts'
import { watchAndStop } from '../load/window.ts'
import { portOf } from '../ports.ts'
import type { Row } from './row.ts'

/** Datagrams a second in open loop: a rate the load keeps up with beside two relays on two cores. */
export const OPEN_LOOP_RATE = 10_000

/** Datagrams of `bytes` payload. */
export function datagramRow(bytes: number): Row {
  const name = `datagrams-${bytes}`
  return {
    name,
    port: 'datagrams',
    async measure({ ports, relays }, timing) {
      const port = portOf(ports, 'datagrams')
      const windowed = await watchAndStop(await startWindowed(port, bytes), relays, timing)
      const openLoop = await startOpenLoop(port, bytes, OPEN_LOOP_RATE)
      await watchAndStop(openLoop, relays, timing)
      return {
        [`${name} per s`]: windowed.perSecond,
        [`${name} loss %`]: openLoop.loss * 100,
        ...(relays.length === 0 ? {} : { [`${name} cpu us`]: (windowed.cpuMs * 1000) / windowed.done }),
      }
    },
  }
}
