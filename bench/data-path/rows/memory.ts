/**
 * Memory of a relay: fresh, after some work, and what each idle flow adds then. (A relay in JavaScript takes memory
 * once for the compilation of what it does often; that is no matter of the number of flows.)
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../../../test/support/eventually.ts'
import { childFiles } from '../children.ts'
import { startChurn } from '../load/churn.ts'
import { IdleFlows } from '../load/idle.ts'
import { portOf } from '../ports.ts'
import { memoryOf, openFilesLimit } from '../processes.ts'
import type { Row } from './row.ts'

/** Connections that come and go before flows are opened to stay, so many at once. */
export const WORK_CONNECTIONS = 1000
const WORK_CONCURRENCY = 16

/** How often to look whether they have gone, and how long, milliseconds. */
const LOOK_MS = 20
const WORK_MS = 60_000

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
      const memory = () => memoryOf(relays) / relays.length
      const idle = memory()
      await work(portOf(ports, 'echo'))
      const worked = memory()
      using flows = await IdleFlows.open(portOf(ports, 'echo'), count)
      await sleep(SETTLE_MS)
      const perFlow = (memory() - worked) / flows.count
      return { 'idle MB': idle / 1e6, 'worked MB': worked / 1e6, [`kB/flow ${count}`]: perFlow / 1000 }
    },
  }
}

async function work(port: number): Promise<void> {
  const load = startChurn(port, WORK_CONCURRENCY)
  try {
    await eventually(() => load.done >= WORK_CONNECTIONS || load.failed > 0, {
      within: WORK_MS,
      every: LOOK_MS,
    })
  } finally {
    load.stop()
  }
  if (load.failed > 0) throw new Error(`${load.failed} connections ended before their answer`)
  await sleep(SETTLE_MS)
}

/** The load needs a file for each flow too. */
function requireFiles(flows: number, perFlow: number): void {
  const [load, relay] = [flows + OTHER_FILES, flows * perFlow + OTHER_FILES]
  if (openFilesLimit() >= load && childFiles() >= relay) return
  throw new Error(`${flows} flows need more open files: ulimit -n ${Math.max(load, relay)}`)
}
