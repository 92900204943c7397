/** One bulk stream over a path that takes long: does the window grow to what is under way? */
import { startBulk } from '../load/bulk.ts'
import { watchAndStop } from '../load/window.ts'
import { portOf } from '../ports.ts'
import type { Row } from './row.ts'

/** One way, milliseconds; the round trip is twice that. */
const DELAY_MS = 50

/** Multiples of a usual measurement: windows grow once a round trip, so this takes its time. */
const WARM_UP = 1.5
const MEASURED = 2.5

export const longPathRow: Row = {
  name: 'long-path',
  port: 'flood',
  async measure(system, { ms }) {
    await using path = await system.over(DELAY_MS)
    const load = await startBulk(portOf(path.ports, 'flood'), 1)
    const { perSecond } = await watchAndStop(load, [], { warmUpMs: ms * WARM_UP, ms: ms * MEASURED })
    return { 'long-path Mbit/s': (perSecond * 8) / 1e6 }
  },
}
