/** Memory of a relay: idle, and what each idle flow adds. */
import { setTimeout as sleep } from 'node:timers/promises'
import { childFiles } from '../children.ts'
import { IdleFlows } from '../load/idle.ts'
import { portOf } from '../ports.ts'
import { memoryOf, openFilesLimit } from '../processes.ts'
import type { Row } from './row.ts'

/** Milliseconds for what opening flows left behind to settle. */
const SETTLE_MS = 500

/** Files for other things than flows. */
const OTHER_FILES = 500

/** With `count` idle flows. */
export function memoryRow(count: number): Row {
  return {
    name: `memory-${count}`,
    port: 'echo',
    fresh: true,
    async measure({ ports, relays, filesPerFlow }) {
      if (relays.length === 0) return {}
      requireFiles(count, filesPerFlow)
      const idle = memoryOf(relays) / relays.length
      using flows = await IdleFlows.open(portOf(ports, 'echo'), count)
      await sleep(SETTLE_MS)
      const more = memoryOf(relays) / relays.length - idle
      return { 'idle MB': idle / 1e6, [`kB/flow ${flows.count}`]: more / flows.count / 1000 }
    },
  }
}

/** The load needs a file for each flow too. */
function requireFiles(flows: number, perFlow: number): void {
  const [load, relay] = [flows + OTHER_FILES, flows * perFlow + OTHER_FILES]
  if (openFilesLimit() >= load && childFiles() >= relay) return
  throw new Error(`${flows} flows need more open files: ulimit -n ${Math.max(load, relay)}`)
}
